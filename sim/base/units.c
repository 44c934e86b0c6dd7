/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sim/base/units.h"
#include "sim/base/check.h"

#include <math.h>
#include <stdlib.h>

struct unit {
    const char *name;
    uint64_t scale;
};

/* What people write instead, and what to say to them. */
struct misspelling {
    const char *wrong;
    const char *right;
};

struct quantity {
    const char *what;     /* "a time" */
    const char *examples; /* how it is written */
    const struct unit *units;
    const struct misspelling *misspellings;
    bool rounds; /* a fraction of the smallest step is rounded, not refused */
};

static const struct unit time_units[] = {
    {"ns", 1}, {"us", 1000}, {"ms", 1000000}, {"s", 1000000000}, {"min", UINT64_C(60000000000)}, {NULL, 0},
};

static const struct misspelling time_misspellings[] = {
    {"m", "ms or min"}, {"sec", "s"},   {"secs", "s"}, {"seconds", "s"}, {"S", "s"},
    {"msec", "ms"},     {"Ms", "ms"},   {"MS", "ms"},  {"usec", "us"},   {"\u00b5s", "us"},
    {"\u03bcs", "us"},  {"nsec", "ns"}, {NULL, NULL},
};

static const struct unit size_units[] = {
    {"B", 1},
    {"kB", 1000},
    {"MB", 1000000},
    {"GB", UINT64_C(1000000000)},
    {"TB", UINT64_C(1000000000000)},
    {"KiB", 1024},
    {"MiB", MIB},
    {"GiB", UINT64_C(1) << 30},
    {"TiB", UINT64_C(1) << 40},
    {NULL, 0},
};

static const struct misspelling size_misspellings[] = {
    {"k", "kB (1,000 B) or KiB (1,024 B)"},
    {"K", "kB (1,000 B) or KiB (1,024 B)"},
    {"kb", "kB (1,000 B) or KiB (1,024 B)"},
    {"Kb", "kB (1,000 B) or KiB (1,024 B)"},
    {"KB", "kB (1,000 B) or KiB (1,024 B)"},
    {"kib", "KiB"},
    {"kiB", "KiB"},
    {"m", "MB or MiB"},
    {"M", "MB or MiB"},
    {"mb", "MB or MiB"},
    {"Mb", "MB or MiB"},
    {"g", "GB or GiB"},
    {"G", "GB or GiB"},
    {"Gb", "GB or GiB"},
    {"b", "B"},
    {"byte", "B"},
    {"bytes", "B"},
    {NULL, NULL},
};

static const struct unit rate_units[] = {
    {"bit/s", 1},
    {"kbit/s", 1000},
    {"Mbit/s", 1000000},
    {"Gbit/s", UINT64_C(1000000000)},
    {"Tbit/s", UINT64_C(1000000000000)},
    {NULL, 0},
};

static const struct misspelling rate_misspellings[] = {
    {"bps", "bit/s"},
    {"b/s", "bit/s"},
    {"kbps", "kbit/s"},
    {"Kbps", "kbit/s"},
    {"Kbit/s", "kbit/s"},
    {"kb/s", "kbit/s"},
    {"k", "kbit/s"},
    {"K", "kbit/s"},
    {"mbps", "Mbit/s"},
    {"Mbps", "Mbit/s"},
    {"mbit/s", "Mbit/s"},
    {"Mb/s", "Mbit/s"},
    {"Mbit", "Mbit/s"},
    {"M", "Mbit/s"},
    {"gbps", "Gbit/s"},
    {"Gbps", "Gbit/s"},
    {"gbit/s", "Gbit/s"},
    {"Gb/s", "Gbit/s"},
    {"Gbit", "Gbit/s"},
    {"G", "Gbit/s"},
    {"MB/s", "Mbit/s, eight times as many"},
    {"kB/s", "kbit/s, eight times as many"},
    {NULL, NULL},
};

static const struct unit frequency_units[] = {{"/ks", 1}, {"/s", 1000}, {NULL, 0}};

static const struct misspelling frequency_misspellings[] = {
    {"Hz", "/s"}, {"/sec", "/s"}, {"/second", "/s"}, {"per s", "/s"}, {"/min", "/s, a sixtieth"}, {NULL, NULL},
};

static const struct quantity quantity_time = {
    "a time", "250us, 20ms, 1.5s or 2min", time_units, time_misspellings, true,
};
static const struct quantity quantity_size = {
    "a size", "1500B, 10kB (1,000 B each), 64KiB (1,024 B each) or 1MiB", size_units, size_misspellings, false,
};
static const struct quantity quantity_rate = {
    "a rate", "9600bit/s, 64kbit/s, 100Mbit/s or 1Gbit/s", rate_units, rate_misspellings, false,
};

static const struct quantity quantity_frequency = {
    "a frequency", "25/s, 0.5/s or 3/ks (in 1,000 s)", frequency_units, frequency_misspellings, false,
};

/* Digits before and after the point, and what follows them. */
struct decimal {
    struct span whole, fraction, unit;
};

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static struct span cut_digits(struct span *text)
{
    size_t count = 0;

    while (count < text->size && is_digit(text->data[count]))
        count++;
    struct span digits = {text->data, count};

    *text = span_after(*text, count);
    return digits;
}

/* False where no number leads or a point has no digits after it. */
static bool decimal_cut(struct span text, struct decimal *decimal)
{
    decimal->whole = cut_digits(&text);
    decimal->fraction = (struct span){text.data, 0};
    if (decimal->whole.size == 0)
        return false;
    if (text.size > 0 && text.data[0] == '.') {
        text = span_after(text, 1);
        decimal->fraction = cut_digits(&text);
        if (decimal->fraction.size == 0)
            return false;
    }
    decimal->unit = text;
    return true;
}

static enum err refuse(const struct quantity *quantity, struct span text, struct note *note)
{
    return note_set(note, ERR_SYNTAX, "\"%.*s\": expected %s like %s", (int)(text.size > 80 ? 80 : text.size),
                    text.data, quantity->what, quantity->examples);
}

static enum err refuse_unit(const struct quantity *quantity, struct span text, struct span unit, struct note *note)
{
    struct span bare = span_trim(unit);

    if (bare.size == 0)
        return note_set(note, ERR_SYNTAX, "\"%.*s\" has no unit: expected %s like %s",
                        (int)(text.size > 80 ? 80 : text.size), text.data, quantity->what, quantity->examples);
    for (const struct unit *right = quantity->units; right->name; right++)
        if (span_equal(bare, span_of(right->name)))
            return note_set(note, ERR_SYNTAX, "\"%.*s\": no blank before the unit: \"%.*s%s\"", (int)text.size,
                            text.data, (int)(text.size - unit.size), text.data, right->name);
    for (const struct misspelling *row = quantity->misspellings; row->wrong; row++)
        if (span_equal(bare, span_of(row->wrong)))
            return note_set(note, ERR_SYNTAX, "\"%.*s\": the unit of %s is spelt %s, not \"%s\"", (int)text.size,
                            text.data, quantity->what, row->right, row->wrong);
    return refuse(quantity, text, note);
}

/*
 * fraction (digits after the point) times scale, rounded down, by Horner's rule from the last digit: nested floors give
 * the exact floor, and whatever was dropped on the way is remembered. At most ten times scale, so no overflow.
 */
static uint64_t fraction_of(struct span fraction, uint64_t scale, bool *is_exact, bool *is_half)
{
    uint64_t sum = 0;
    bool dropped = false;

    check(scale <= UINT64_MAX / 10);
    for (size_t i = fraction.size; i-- > 0;) {
        dropped = dropped || sum % 10 != 0;
        sum = (uint64_t)(fraction.data[i] - '0') * scale + sum / 10;
    }
    *is_exact = !dropped && sum % 10 == 0;
    *is_half = sum % 10 >= 5;
    return sum / 10;
}

static enum err decimal_scale(const struct quantity *quantity, const struct decimal *decimal, uint64_t scale,
                              uint64_t *value)
{
    struct span whole_text = decimal->whole;
    bool is_exact, is_half;
    uint64_t whole;

    TRY(span_cut_number(&whole_text, &whole));
    uint64_t part = fraction_of(decimal->fraction, scale, &is_exact, &is_half);

    if (!is_exact && !quantity->rounds)
        return ERR_SYNTAX;
    if (!is_exact && is_half)
        part++;
    if (whole > (UINT64_MAX - part) / scale)
        return ERR_RANGE;
    *value = whole * scale + part;
    return ERR_OK;
}

static enum err quantity_read(const struct quantity *quantity, struct span text, uint64_t most, uint64_t *value,
                              struct note *note)
{
    struct decimal decimal;
    uint64_t result = 0;

    if (!decimal_cut(text, &decimal))
        return refuse(quantity, text, note);
    const struct unit *unit = quantity->units;

    while (unit->name && !span_equal(decimal.unit, span_of(unit->name)))
        unit++;
    bool is_bare_zero = decimal.unit.size == 0 && span_equal(text, SPAN("0"));

    if (!unit->name && !is_bare_zero)
        return refuse_unit(quantity, text, decimal.unit, note);
    enum err error = is_bare_zero ? ERR_OK : decimal_scale(quantity, &decimal, unit->scale, &result);

    if (error == ERR_SYNTAX)
        return note_set(note, error, "\"%.*s\" is not a whole number of %s", (int)text.size, text.data,
                        quantity->units->name);
    if (error != ERR_OK || result > most)
        return note_set(note, ERR_RANGE, "\"%.*s\" is too large", (int)text.size, text.data);
    *value = result;
    return ERR_OK;
}

enum err units_read_time(struct span text, int64_t *time_ns, struct note *note)
{
    uint64_t value;

    TRY(quantity_read(&quantity_time, text, INT64_MAX, &value, note));
    *time_ns = (int64_t)value;
    return ERR_OK;
}

enum err units_read_size(struct span text, uint64_t *bytes, struct note *note)
{
    return quantity_read(&quantity_size, text, UINT64_MAX, bytes, note);
}

enum err units_read_rate(struct span text, uint64_t *bps, struct note *note)
{
    return quantity_read(&quantity_rate, text, UINT64_MAX, bps, note);
}

enum err units_read_frequency(struct span text, uint64_t *per_ks, struct note *note)
{
    return quantity_read(&quantity_frequency, text, UINT64_MAX, per_ks, note);
}

enum err units_read_ratio(struct span text, double *ratio, struct note *note)
{
    char number[64];
    struct sink sink = SINK(number);
    struct decimal decimal;

    if (!decimal_cut(text, &decimal) || (decimal.unit.size != 0 && !span_equal(decimal.unit, SPAN("%"))))
        return note_set(note, ERR_SYNTAX, "\"%.*s\": expected a ratio like 0.1%% or 0.001",
                        (int)(text.size > 80 ? 80 : text.size), text.data);
    sink_bytes(&sink, text.data, text.size - decimal.unit.size);
    /* A shifted exponent instead of a division: the result is rounded once. */
    if (decimal.unit.size != 0)
        sink_text(&sink, "e-2");
    sink_char(&sink, 0);
    if (sink.overflow)
        return note_set(note, ERR_RANGE, "\"%.*s...\" has too many digits", 20, text.data);
    *ratio = strtod(number, NULL);
    return ERR_OK;
}

/* value / scale as an exact decimal, for scales that are powers of ten. */
static void write_decimal(struct sink *sink, uint64_t value, uint64_t scale)
{
    sink_number(sink, value / scale);
    uint64_t rest = value % scale;

    if (rest == 0)
        return;
    sink_char(sink, '.');
    for (; rest != 0; rest %= scale) {
        scale /= 10;
        sink_char(sink, (char)('0' + rest / scale));
    }
}

/* The largest of the first count units that is not larger than value. */
static void write_in_largest(struct sink *sink, uint64_t value, const struct unit *units, size_t count)
{
    const struct unit *best = &units[0];

    if (value == 0) {
        sink_char(sink, '0');
        return;
    }
    for (size_t i = 1; i < count; i++)
        if (units[i].scale <= value)
            best = &units[i];
    write_decimal(sink, value, best->scale);
    sink_text(sink, best->name);
}

void units_write_time(struct sink *sink, int64_t time_ns)
{
    check(time_ns >= 0);
    write_in_largest(sink, (uint64_t)time_ns, time_units, 4);
}

void units_write_rate(struct sink *sink, uint64_t bps)
{
    write_in_largest(sink, bps, rate_units, 5);
}

void units_write_frequency(struct sink *sink, uint64_t per_ks)
{
    write_decimal(sink, per_ks, 1000);
    sink_text(sink, per_ks == 0 ? "" : "/s");
}

void units_write_size(struct sink *sink, uint64_t bytes)
{
    char best[32], next[32];
    size_t best_size = SIZE_MAX;

    if (bytes == 0) {
        sink_char(sink, '0');
        return;
    }
    for (const struct unit *unit = size_units; unit->name; unit++) {
        struct sink text = SINK(next);

        if (bytes % unit->scale != 0)
            continue;
        sink_number(&text, bytes / unit->scale);
        sink_text(&text, unit->name);
        if (text.size >= best_size)
            continue;
        best_size = text.size;
        memcpy(best, next, text.size);
    }
    sink_bytes(sink, best, best_size);
}

/* digits ("d.ddde-dd" as printf writes it) as a plain decimal, its point moved by shift places to the right. */
static void write_shifted(struct sink *sink, const char *digits, int shift)
{
    struct span text = span_of(digits);
    size_t mark = span_find_byte(text, 'e');
    int point = (int)strtol(digits + mark + 1, NULL, 10) + shift + 1;
    int count = 0;

    if (point <= 0)
        sink_text(sink, "0.");
    for (int i = point; i < 0; i++)
        sink_char(sink, '0');
    for (size_t i = 0; i < mark; i++) {
        if (!is_digit(digits[i]))
            continue;
        if (count == point && count > 0)
            sink_char(sink, '.');
        sink_char(sink, digits[i]);
        count++;
    }
    for (; count < point; count++)
        sink_char(sink, '0');
}

void units_write_ratio(struct sink *sink, double ratio)
{
    char digits[64];

    check(isfinite(ratio) && ratio >= 0);
    if (ratio == 0) {
        sink_char(sink, '0');
        return;
    }
    for (int precision = 0; precision <= 17; precision++) {
        struct sink text = SINK(digits);

        sink_format(&text, "%.*e", precision, ratio);
        if (strtod(sink_string(&text), NULL) == ratio)
            break;
    }
    write_shifted(sink, digits, 2);
    sink_char(sink, '%');
}

/* About four digits: 1.234, 12.34, 123.4, 1234. */
static void show(struct sink *sink, double value, const char *unit)
{
    int places = value < 9.9995 ? 3 : value < 99.995 ? 2 : value < 999.95 ? 1 : 0;

    sink_format(sink, "%.*f %s", places, value, unit);
}

void units_show_time(struct sink *sink, int64_t time_ns)
{
    double ns = (double)time_ns;

    if (time_ns < 0) {
        sink_char(sink, '-');
        ns = -ns;
    }
    if (ns < 1e3)
        sink_format(sink, "%.0f ns", ns);
    else if (ns < 999.95e3)
        show(sink, ns / 1e3, "us");
    else if (ns < 9999.5e6)
        show(sink, ns / 1e6, "ms");
    else
        show(sink, ns / 1e9, "s");
}

void units_show_size(struct sink *sink, uint64_t bytes)
{
    double size = (double)bytes;

    if (bytes < 10000)
        sink_format(sink, "%.0f B", size);
    else if (size < 999.95 * 1024)
        show(sink, size / 1024, "KiB");
    else if (size < 999.95 * 1024 * 1024)
        show(sink, size / 1024 / 1024, "MiB");
    else
        show(sink, size / 1024 / 1024 / 1024, "GiB");
}

void units_show_rate(struct sink *sink, double bps)
{
    if (bps < 1e3)
        show(sink, bps, "bit/s");
    else if (bps < 999.95e3)
        show(sink, bps / 1e3, "kbit/s");
    else if (bps < 999.95e6)
        show(sink, bps / 1e6, "Mbit/s");
    else
        show(sink, bps / 1e9, "Gbit/s");
}
