/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "plots/threat_table.h"

void threat_names_find(const struct sheet *sheet, const char *column, struct threat_names *names)
{
    size_t number = sheet_column(sheet, column);

    names->count = 0;
    for (size_t row = 0; row < sheet->row_count && names->count < THREAT_NAMES_MAX; row++) {
        struct span name = sheet_cell(sheet, row, number);
        size_t i = 0;

        while (i < names->count && !span_equal(names->names[i], name))
            i++;
        if (i == names->count)
            names->names[names->count++] = name;
    }
}

struct threat_count threat_count_find(const struct sheet *sheet, struct span arm, struct span attack)
{
    struct threat_count count = {0};
    size_t arm_column = sheet_column(sheet, "arm"), attack_column = sheet_column(sheet, "attack");

    for (size_t row = 0; row < sheet->row_count; row++) {
        if (!span_equal(sheet_cell(sheet, row, arm_column), arm) ||
            !span_equal(sheet_cell(sheet, row, attack_column), attack))
            continue;
        bool is_unnoticed = span_equal(sheet_find(sheet, row, "verdict"), SPAN("unnoticed"));
        bool is_harm = is_unnoticed && (span_equal(sheet_find(sheet, row, "read"), SPAN("yes")) ||
                                        !span_equal(sheet_find(sheet, row, "delivered"), SPAN("original")));

        count.places++;
        count.harm += is_harm;
        count.harmless += is_unnoticed && !is_harm;
        count.noticed += span_equal(sheet_find(sheet, row, "verdict"), SPAN("noticed"));
    }
    return count;
}
