/* payload_parts.h - the bits in a stored record that say which parts follow (floor 2). Their
 * numbers are in stored files. */
#ifndef NJ_STORE_PAYLOAD_PARTS_H
#define NJ_STORE_PAYLOAD_PARTS_H

enum part {
    PART_NAME = 1 << 0,  /* differs from the operation, which is always in the dictionary */
    PART_FIXED = 1 << 1, /* times, parent or codes that the row does not repeat */
    PART_SPAN_TEXT = 1 << 2,
    PART_PARENT_TEXT = 1 << 3,
    PART_STATE = 1 << 4,
    PART_MESSAGE = 1 << 5,
    PART_FLAGS = 1 << 6,
    PART_DROPPED = 1 << 7,
    PART_EVENTS = 1 << 8,
    PART_LINKS = 1 << 9,
    PARTS_OF_ROW = PART_NAME | PART_FIXED,
};

enum link_part { LINK_TEXTS = 1 << 0, LINK_STATE = 1 << 1, LINK_FLAGS = 1 << 2 };

/* Little endian, in front of a record. */
enum { LENGTH_BYTES = 4 };

#endif
