/* svg.h - the few shapes that all charts are made of (floor 5).
 *
 * Colours stand twice: as presentation attributes, for viewers that block stylesheets, and as
 * classes that a stylesheet overrides (dark mode, forced colours). */
#ifndef NJ_REPORTS_SVG_H
#define NJ_REPORTS_SVG_H

#include "reports/html.h"
#include "reports/palette.h"

#include <stdint.h>

/* <svg> of this inner size with an accessible name (our own text); close with nj_svg_close. */
void nj_svg_open(struct nj_html *h, double width, double height, const char *classes,
                 const char *label);
void nj_svg_close(struct nj_html *h);
/* A coordinate with one decimal at most: "12", "0.5". */
void nj_svg_number(struct nj_html *h, double value);
void nj_svg_rect(struct nj_html *h, double x, double y, double width, double height,
                 const char *classes, const char *fill);
void nj_svg_line(struct nj_html *h, double x1, double y1, double x2, double y2,
                 const char *classes, const char *stroke);
/* Opens a <text>; the caller writes the content and closes it with nj_svg_text_close. `anchor`:
 * start, middle or end. */
void nj_svg_text_open(struct nj_html *h, double x, double y, const char *anchor,
                      const char *classes);
void nj_svg_text_close(struct nj_html *h);
/* A <title>, what a pointer resting on a shape shows: open, write, close. */
void nj_svg_title_open(struct nj_html *h);
void nj_svg_title_close(struct nj_html *h);
/* Text colour that can be read on the fill of this kind: "on-dark" or "on-light". */
const char *nj_svg_label_class(const struct nj_colour *colour);
/* A legend as a list, for the kinds whose bit (index in nj_palette) is set. */
void nj_svg_legend(struct nj_html *h, uint32_t kinds);

/* A round step so that at most `marks` of them cover `range`: 1, 2 or 5 times a power of ten.
 */
double nj_axis_step(double range, int marks);
/* Marks of a time axis from 0 to `range_ns` at x0 .. x0+width, as grid lines and labels. */
void nj_svg_time_axis(struct nj_html *h, double x0, double width, double y0, double y1,
                      double range_ns);

#endif
