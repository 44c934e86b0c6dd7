/* SPDX-License-Identifier: GPL-3.0-or-later */
/* page_arms.c - of a page: the answer in a sentence, and the table of arms, both from summary.csv. */
#include "plots/page_parts.h"
#include "sim/base/sink.h"

#include <math.h>

enum { ROWS_MAX = 2000 };

/* Columns of summary.csv up to "arm" tell one point from another. */
static size_t key_count(const struct page *page)
{
    size_t arm = sheet_column(&page->summary, "arm");

    return arm == SIZE_MAX ? 0 : arm;
}

static bool is_same_point(const struct page *page, size_t a, size_t b)
{
    for (size_t key = 0; key < key_count(page); key++)
        if (!span_equal(sheet_cell(&page->summary, a, key), sheet_cell(&page->summary, b, key)))
            return false;
    return true;
}

/* The row of an arm at the point of another row, SIZE_MAX when there is none. */
static size_t find_arm(const struct page *page, size_t point, const char *arm)
{
    for (size_t row = 0; row < page->summary.row_count; row++)
        if (is_same_point(page, point, row) && span_equal(sheet_find(&page->summary, row, "arm"), span_of(arm)))
            return row;
    return SIZE_MAX;
}

/* The first point in which something is random, else the first. */
static size_t find_point(const struct page *page)
{
    for (size_t row = 0; row < page->summary.row_count; row++)
        if (span_equal(sheet_find(&page->summary, row, "exact"), SPAN("0")))
            return row;
    return 0;
}

bool page_has_answer(const struct page *page)
{
    size_t row = find_point(page);

    return page->summary.row_count > 0 && !isnan(sheet_number(&page->summary, row, "delay_mean_ms"));
}

static void put_point(const struct page *page, size_t row)
{
    for (size_t key = 0; key < key_count(page); key++) {
        page_put(page, key > 0 ? ", " : "");
        page_text(page, page->summary.names[key]);
        page_put(page, " = ");
        page_text(page, sheet_cell(&page->summary, row, key));
    }
}

/* "12.3 ± 0.4 ms" from a mean and the bounds of its 95 % interval. */
static void put_estimate(const struct page *page, double mean_ms, double low_ms, double high_ms)
{
    page_print(page, "%.3f", mean_ms);
    if (high_ms > low_ms)
        page_print(page, " ± %.3f", (high_ms - low_ms) / 2);
    page_put(page, " ms");
}

static void put_difference(const struct page *page, size_t reference, const char *arm)
{
    const struct sheet *summary = &page->summary;
    size_t row = find_arm(page, reference, arm);

    if (row == SIZE_MAX)
        return;
    double more_ms = sheet_number(summary, row, "difference_ms");
    double low_ms = sheet_number(summary, row, "difference_low_ms");
    double high_ms = sheet_number(summary, row, "difference_high_ms");

    page_print(page, " <b>%s</b> ", arm);
    if (isnan(more_ms)) {
        page_put(page, "was not delivered together with it.");
        return;
    }
    bool is_clear = !(low_ms <= 0 && high_ms >= 0) || (low_ms == 0 && high_ms == 0);

    page_put(page, more_ms < 0 ? "takes less: " : "takes longer: ");
    put_estimate(page, fabs(more_ms), low_ms, high_ms);
    page_put(page, is_clear ? "." : ", an interval that holds 0: no difference is shown.");
}

enum err page_write_answer(const struct page *page)
{
    const struct sheet *summary = &page->summary;
    size_t point = find_point(page), reference = point;
    struct span name = sheet_find(summary, point, "reference");

    for (size_t row = 0; row < summary->row_count; row++)
        if (is_same_point(page, point, row) && span_equal(sheet_find(summary, row, "arm"), name)) {
            reference = row;
            break;
        }
    page_put(page, "<p class=\"answer\"><b>");
    page_text(page, sheet_find(summary, reference, "arm"));
    page_put(page, "</b> has the file in the receiver's hands after ");
    put_estimate(page, sheet_number(summary, reference, "delay_mean_ms"),
                 sheet_number(summary, reference, "delay_low_ms"), sheet_number(summary, reference, "delay_high_ms"));
    page_put(page, ".");
    put_difference(page, reference, "message-tls");
    put_difference(page, reference, "msrp-relay");
    page_put(page, "</p>\n<p class=\"soft\">");
    put_point(page, reference);
    if (span_equal(sheet_find(summary, reference, "exact"), SPAN("1")))
        page_put(page, "; nothing is random: one trial, exact.");
    else {
        page_put(page, "; mean and 95 % interval of ");
        page_text(page, sheet_find(summary, reference, "delivered"));
        page_put(page, " trials, differences pair by pair.");
    }
    page_put(page, "</p>\n");
    return ERR_OK;
}

/* ---- The table ---- */

static const struct column {
    const char *title, *name;
    int decimals;
} columns[] = {
    {"trials", "trials", 0},
    {"delivered", "delivered", 0},
    {"mean, ms", "delay_mean_ms", 3},
    {"its 95 % from", "delay_low_ms", 3},
    {"to", "delay_high_ms", 3},
    {"p50, ms", "p50_ms", 3},
    {"p90, ms", "p90_ms", 3},
    {"p95, ms", "p95_ms", 3},
    {"p99, ms", "p99_ms", 3},
    {"minus reference, ms", "difference_ms", 3},
    {"its 95 % from", "difference_low_ms", 3},
    {"to", "difference_high_ms", 3},
    {"on the wire, B", "wire_bytes", 0},
    {"CPU, ms", "cpu_ms", 3},
};

enum { COLUMN_COUNT = sizeof(columns) / sizeof(*columns) };

/* Numbers of columns of the table in summary.csv; SIZE_MAX where no row says anything: p99 needs many trials, for one.
 */
struct shown {
    size_t columns[COLUMN_COUNT];
};

bool page_has_arms(const struct page *page)
{
    return page->summary.row_count > 0 && sheet_column(&page->summary, "arm") != SIZE_MAX;
}

static struct shown find_shown(const struct sheet *summary)
{
    struct shown shown;

    for (size_t i = 0; i < COLUMN_COUNT; i++) {
        size_t column = sheet_column(summary, columns[i].name), row = 0;

        while (row < summary->row_count && isnan(sheet_value(summary, row, column)))
            row++;
        shown.columns[i] = row < summary->row_count ? column : SIZE_MAX;
    }
    return shown;
}

static void put_heads(const struct page *page, const struct shown *shown)
{
    for (size_t key = 0; key <= key_count(page); key++) {
        page_put(page, "<th scope=\"col\">");
        page_text(page, page->summary.names[key]);
        page_put(page, "</th>");
    }
    for (size_t i = 0; i < COLUMN_COUNT; i++)
        if (shown->columns[i] != SIZE_MAX)
            page_print(page, "<th scope=\"col\">%s</th>", columns[i].title);
}

/* Milliseconds of a long delay are told less finely, so that the table stays narrow. */
static int decimals_of(const struct column *column, double number)
{
    if (column->decimals == 0 || fabs(number) < 100)
        return column->decimals;
    return fabs(number) < 1000 ? 2 : 1;
}

static void put_row(const struct page *page, const struct shown *shown, size_t row)
{
    page_put(page, "<tr>");
    for (size_t key = 0; key < key_count(page); key++)
        page_cell(page, sheet_cell(&page->summary, row, key));
    page_put(page, "<th scope=\"row\">");
    page_text(page, sheet_find(&page->summary, row, "arm"));
    page_put(page, "</th>");
    for (size_t i = 0; i < COLUMN_COUNT; i++)
        if (shown->columns[i] != SIZE_MAX)
            page_number(page, sheet_value(&page->summary, row, shown->columns[i]),
                        decimals_of(&columns[i], sheet_value(&page->summary, row, shown->columns[i])));
    page_put(page, "</tr>\n");
}

enum err page_write_arms(const struct page *page)
{
    struct shown shown = find_shown(&page->summary);
    size_t rows = page->summary.row_count;

    page_put(page, "<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"Arms\"><table class=\"sortable\">"
                   "<caption>Delay by arm: mean with its 95 % interval, quantiles, the paired difference to the "
                   "reference arm</caption><thead><tr>");
    put_heads(page, &shown);
    page_put(page, "</tr></thead><tbody>\n");
    for (size_t row = 0; row < rows && row < ROWS_MAX; row++)
        put_row(page, &shown, row);
    page_put(page, "</tbody></table></div>\n");
    if (rows > ROWS_MAX)
        page_print(page, "<p class=\"soft\">The first %d of %zu rows; all are in summary.csv.</p>\n", ROWS_MAX, rows);
    return ERR_OK;
}
