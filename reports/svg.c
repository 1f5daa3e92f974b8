/* svg.c - the few shapes that all charts are made of. */
#include "reports/svg.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

void
nj_svg_number(struct nj_html *h, double value)
{
    char text[32];
    int len = snprintf(text, sizeof text, "%.1f", value);

    if (text[len - 1] == '0')
        text[len - 2] = '\0';
    nj_html_put(h, strcmp(text, "-0") == 0 ? "0" : text);
}

static void
number_attr(struct nj_html *h, const char *name, double value)
{
    nj_html_printf(h, " %s=\"", name);
    nj_svg_number(h, value);
    nj_html_put(h, "\"");
}

void
nj_svg_open(struct nj_html *h, double width, double height, const char *classes,
            const char *label)
{
    nj_html_printf(h,
                   "<svg class=\"%s\" viewBox=\"0 0 %.0f %.0f\" width=\"%.0f\" height=\"%.0f\"",
                   classes, width, height, width, height);
    nj_html_put(h, " role=\"img\" aria-label=\"");
    nj_html_text(h, nj_slice_of(label));
    nj_html_put(h, "\">");
}

void
nj_svg_close(struct nj_html *h)
{
    nj_html_put(h, "</svg>\n");
}

void
nj_svg_rect(struct nj_html *h, double x, double y, double width, double height,
            const char *classes, const char *fill)
{
    nj_html_put(h, "<rect");
    number_attr(h, "x", x);
    number_attr(h, "y", y);
    number_attr(h, "width", width);
    number_attr(h, "height", height);
    nj_html_printf(h, " class=\"%s\" fill=\"%s\"/>", classes, fill);
}

void
nj_svg_line(struct nj_html *h, double x1, double y1, double x2, double y2, const char *classes,
            const char *stroke)
{
    nj_html_put(h, "<line");
    number_attr(h, "x1", x1);
    number_attr(h, "y1", y1);
    number_attr(h, "x2", x2);
    number_attr(h, "y2", y2);
    nj_html_printf(h, " class=\"%s\" stroke=\"%s\"/>", classes, stroke);
}

void
nj_svg_text_open(struct nj_html *h, double x, double y, const char *anchor, const char *classes)
{
    nj_html_put(h, "<text");
    number_attr(h, "x", x);
    number_attr(h, "y", y);
    if (strcmp(anchor, "start") != 0)
        nj_html_printf(h, " text-anchor=\"%s\"", anchor);
    if (*classes)
        nj_html_printf(h, " class=\"%s\"", classes);
    nj_html_put(h, " font-size=\"12\" font-family=\"sans-serif\">");
}

void
nj_svg_text_close(struct nj_html *h)
{
    nj_html_put(h, "</text>");
}

void
nj_svg_title_open(struct nj_html *h)
{
    nj_html_put(h, "<title>");
}

void
nj_svg_title_close(struct nj_html *h)
{
    nj_html_put(h, "</title>");
}

/* Relative luminance of "#RRGGBB" (WCAG 2.2); white text reads well below 0.18. */
static double
luminance_of(const char *fill)
{
    static const double parts[] = {0.2126, 0.7152, 0.0722};
    unsigned long rgb = strtoul(fill + 1, NULL, 16);
    double sum = 0;

    for (int i = 0; i < 3; i++) {
        double c = (double)((rgb >> (16 - 8 * i)) & 255) / 255;
        sum += parts[i] * (c <= 0.04045 ? c / 12.92 : pow((c + 0.055) / 1.055, 2.4));
    }
    return sum;
}

const char *
nj_svg_label_class(const struct nj_colour *colour)
{
    return luminance_of(colour->fill) < 0.19 ? "on-dark" : "on-light";
}

void
nj_svg_legend(struct nj_html *h, uint32_t kinds)
{
    nj_html_put(h, "<ul class=\"legend\">");
    for (size_t i = 0; i < nj_palette_len; i++) {
        if (!(kinds >> i & 1))
            continue;
        nj_html_put(h, "<li><svg width=\"12\" height=\"12\" aria-hidden=\"true\">");
        nj_svg_rect(h, 0, 0, 12, 12, nj_palette[i].classes, nj_palette[i].fill);
        nj_html_printf(h, "</svg>%s</li>", nj_palette[i].label);
    }
    nj_html_put(h, "</ul>\n");
}

double
nj_axis_step(double range, int marks)
{
    double least = range / marks, power = pow(10, floor(log10(least)));
    double digit = least / power;

    return power * (digit <= 1 ? 1 : digit <= 2 ? 2 : digit <= 5 ? 5 : 10);
}

void
nj_svg_time_axis(struct nj_html *h, double x0, double width, double y0, double y1,
                 double range_ns)
{
    if (!(range_ns > 0))
        return;
    double step = nj_axis_step(range_ns, 6);
    for (int i = 0; i * step <= range_ns; i++) {
        double x = x0 + width * (i * step / range_ns);
        nj_svg_line(h, x, y0, x, y1, "grid", "#d8dbe1");
        nj_svg_text_open(h, x, y1 + 14, i == 0 ? "start" : "middle", "dim");
        nj_html_duration(h, i * step);
        nj_svg_text_close(h);
    }
}
