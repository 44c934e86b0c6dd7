/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "bench/harness/sweep.h"
#include "bench/harness/input.h"
#include "sim/arm.h"
#include "sim/base/check.h"
#include "sim/base/units.h"

#include <math.h>
#include <stdlib.h>

/* ---- Lines of [sweep] ---- */

enum {
    SETTING_ARMS,
    SETTING_DESIGN,
    SETTING_PRECISION,
    SETTING_REPETITIONS,
    SETTING_TRIALS,
    SETTING_EVENTS,
    SETTING_SCENARIOS,
    SETTING_COUNT
};

struct reading {
    const char *path;
    unsigned line;
    struct sweep *sweep;
    struct note *note;
    size_t latin;  /* points of a hypercube */
    unsigned seen; /* of settings, by bit */
};

static enum err refuse(const struct reading *reading, enum err error, const char *why)
{
    return note_set(reading->note, error, "%s:%u: %s", reading->path, reading->line, why);
}

static enum err number_of(const struct reading *reading, struct span text, uint64_t least, uint64_t most,
                          uint64_t *number)
{
    char why[96];
    struct sink sink = SINK(why);
    struct span rest = text;

    if (span_cut_number(&rest, number) == ERR_OK && rest.size == 0 && *number >= least && *number <= most)
        return ERR_OK;
    sink_format(&sink, "expected a number from %llu to %llu", (unsigned long long)least, (unsigned long long)most);
    return refuse(reading, ERR_RANGE, sink_string(&sink));
}

/* ---- Values ---- */

static enum err add_value(const struct reading *reading, struct sweep_axis *axis, struct span text)
{
    struct sink sink = {.capacity = SWEEP_VALUE_SIZE - 1};

    if (axis->count == SWEEP_VALUES_MAX)
        return refuse(reading, ERR_RANGE, "more than 1024 values on an axis");
    sink.data = axis->values[axis->count];
    sink_span(&sink, text);
    if (sink.overflow || text.size == 0)
        return refuse(reading, ERR_RANGE, "expected values of 1 to 159 characters");
    sink.data[sink.size] = 0;
    axis->count++;
    return ERR_OK;
}

/* A member as a number of its unit, and back: ranges are made of these. */
static double member_number(const struct field *row, const struct scenario *scenario)
{
    const char *member = (const char *)scenario + row->offset;
    int64_t time_ns;
    uint64_t count;
    double ratio;

    if (row->kind == FIELD_TIME)
        return memcpy(&time_ns, member, sizeof(time_ns)), (double)time_ns;
    if (row->kind == FIELD_RATIO)
        return memcpy(&ratio, member, sizeof(ratio)), ratio;
    return memcpy(&count, member, sizeof(count)), (double)count;
}

static void set_member(const struct field *row, struct scenario *scenario, double value)
{
    char *member = (char *)scenario + row->offset;
    int64_t time_ns = (int64_t)llround(row->kind == FIELD_TIME ? value : 0);
    uint64_t count = row->kind == FIELD_TIME || row->kind == FIELD_RATIO ? 0 : (uint64_t)llround(value);

    if (row->kind == FIELD_TIME)
        memcpy(member, &time_ns, sizeof(time_ns));
    else if (row->kind == FIELD_RATIO)
        memcpy(member, &value, sizeof(value));
    else
        memcpy(member, &count, sizeof(count));
}

enum err sweep_number(const struct field *row, struct span text, double *number, struct note *note)
{
    struct scenario *scenario = calloc(1, sizeof(*scenario));

    if (!scenario)
        return note_set(note, ERR_FULL, "no memory for a scenario");
    enum err error = field_read(row, scenario, span_trim(text), note);

    if (error == ERR_OK)
        *number = member_number(row, scenario);
    free(scenario);
    return error;
}

void sweep_write_number(const struct field *row, double number, struct sink *sink)
{
    struct scenario *scenario = calloc(1, sizeof(*scenario));

    if (!scenario)
        return;
    set_member(row, scenario, number);
    field_write(row, scenario, sink);
    free(scenario);
}

static enum err read_end(const struct reading *reading, const struct field *row, struct span text, double *number)
{
    struct note why = {{0}};
    enum err error = sweep_number(row, text, number, &why);

    return error == ERR_OK ? ERR_OK : refuse(reading, error, why.text);
}

/* "A .. B log N": N values from A to B. */
static enum err add_range(const struct reading *reading, struct sweep_axis *axis, struct span text, size_t dots)
{
    struct span right = span_trim(span_after(text, dots + 2));
    size_t blank = span_find_byte(right, ' ');
    struct span kind = span_trim(span_after(right, blank));
    size_t word = span_find_byte(kind, ' ');
    bool is_log = span_equal((struct span){kind.data, word}, SPAN("log"));
    bool is_linear = span_equal((struct span){kind.data, word}, SPAN("lin"));
    double low, high;
    uint64_t count;
    enum err error;

    if (!axis->row || axis->row->kind == FIELD_CHOICE || axis->row->kind == FIELD_TEXT || (!is_log && !is_linear))
        error = refuse(reading, ERR_SYNTAX, "expected a range as A .. B lin N or A .. B log N, of numbers");
    else
        error = read_end(reading, axis->row, (struct span){text.data, dots}, &low);
    if (error == ERR_OK)
        error = read_end(reading, axis->row, (struct span){right.data, blank}, &high);
    if (error == ERR_OK)
        error = number_of(reading, span_trim(span_after(kind, word)), 2, SWEEP_VALUES_MAX, &count);
    if (error == ERR_OK && is_log && (low <= 0 || high <= 0))
        error = refuse(reading, ERR_RANGE, "a logarithmic range begins and ends above 0");
    for (uint64_t i = 0; error == ERR_OK && i < count; i++) {
        double share = (double)i / (double)(count - 1);
        char value[SWEEP_VALUE_SIZE];
        struct sink sink = SINK(value);

        sweep_write_number(axis->row, is_log ? low * pow(high / low, share) : low + (high - low) * share, &sink);
        if (i > 0 && span_equal(sink_written(&sink), span_of(axis->values[axis->count - 1])))
            error = refuse(reading, ERR_RANGE, "expected fewer values: two neighbours are the same when rounded");
        else
            error = add_value(reading, axis, sink_written(&sink));
    }
    return error;
}

static enum err add_list(const struct reading *reading, struct sweep_axis *axis, struct span text)
{
    for (;;) {
        size_t comma = span_find_byte(text, ',');

        TRY(add_value(reading, axis, span_trim((struct span){text.data, comma})));
        if (comma == text.size)
            return ERR_OK;
        text = span_after(text, comma + 1);
    }
}

/* Every value must be one that its parameter takes. */
static enum err check_values(const struct reading *reading, const struct sweep_axis *axis)
{
    struct scenario_file *file = malloc(sizeof(*file));
    enum err error = ERR_OK;

    if (!file)
        return note_set(reading->note, ERR_FULL, "no memory for a scenario");
    for (size_t i = 0; i < axis->count && error == ERR_OK; i++) {
        struct note why = {{0}};

        scenario_file_defaults(file);
        if (axis->row)
            error = field_read(axis->row, &file->scenario, span_of(axis->values[i]), &why);
        else
            error = sweep_read_scenario(reading->sweep, i, axis->values[i], file, &why);
        if (error != ERR_OK)
            error = refuse(reading, error, why.text);
    }
    free(file);
    return error;
}

static enum err add_axis(struct reading *reading, const struct field *row, struct span text)
{
    struct sweep *sweep = reading->sweep;
    struct sweep_axis *axis = &sweep->axes[sweep->axis_count];
    struct sink column = SINK(axis->column);
    size_t dots = span_find(text, SPAN(".."));

    if (sweep->axis_count == SWEEP_AXES_MAX)
        return refuse(reading, ERR_RANGE, "more than 12 axes");
    for (size_t i = 0; i < sweep->axis_count; i++)
        if (sweep->axes[i].row == row)
            return refuse(reading, ERR_SYNTAX, "this axis stands here a second time");
    axis->row = row;
    axis->values = calloc(SWEEP_VALUES_MAX, sizeof(*axis->values));
    if (!axis->values)
        return note_set(reading->note, ERR_FULL, "no memory for the values of an axis");
    sweep->axis_count++;
    if (row)
        field_write_column(row, &column);
    else
        sink_text(&column, "scenario");
    sink_string(&column);
    if (row && row->kind != FIELD_TEXT && dots < text.size)
        TRY(add_range(reading, axis, text, dots));
    else
        TRY(add_list(reading, axis, text));
    return check_values(reading, axis);
}

/* ---- Keys ---- */

static enum err read_arms(struct reading *reading, struct span text)
{
    struct sweep *sweep = reading->sweep;

    if (span_equal(text, SPAN("all"))) {
        for (const struct arm *arm = arms; arm->name; arm++)
            sweep->arms[sweep->arm_count++] = arm;
        return ERR_OK;
    }
    for (;;) {
        size_t comma = span_find_byte(text, ',');
        const struct arm *arm = arm_find(span_trim((struct span){text.data, comma}));

        if (!arm || sweep->arm_count == COMPARISON_ARMS_MAX)
            return refuse(reading, ERR_UNKNOWN, "expected arms of `hopsim list arms`, separated by commas, or all");
        for (size_t i = 0; i < sweep->arm_count; i++)
            if (sweep->arms[i] == arm)
                return refuse(reading, ERR_SYNTAX, "an arm stands here twice");
        sweep->arms[sweep->arm_count++] = arm;
        if (comma == text.size)
            return ERR_OK;
        text = span_after(text, comma + 1);
    }
}

static enum err read_design(struct reading *reading, struct span text)
{
    uint64_t points = 0;

    if (span_equal(text, SPAN("grid")))
        reading->sweep->design = SWEEP_GRID;
    else if (span_equal(text, SPAN("zip")))
        reading->sweep->design = SWEEP_ZIP;
    else if (span_starts(text, SPAN("latin ")))
        reading->sweep->design = SWEEP_LATIN;
    else
        return refuse(reading, ERR_UNKNOWN, "expected grid, zip or latin N");
    if (reading->sweep->design == SWEEP_LATIN)
        TRY(number_of(reading, span_trim(span_after(text, 6)), 1, SWEEP_VALUES_MAX, &points));
    reading->latin = (size_t)points;
    return ERR_OK;
}

static enum err read_precision(struct reading *reading, struct span text)
{
    static const struct field row = {.name = "precision", .kind = FIELD_RATIO, .least = "0.01%", .most = "50%"};
    struct note why = {{0}};

    if (field_read(&row, &reading->sweep->precision, text, &why) != ERR_OK)
        return refuse(reading, ERR_RANGE, why.text);
    return ERR_OK;
}

static enum err read_repetitions(struct reading *reading, struct span text)
{
    uint64_t number;

    TRY(number_of(reading, text, 1, 1000000, &number));
    reading->sweep->repetitions = (size_t)number;
    return ERR_OK;
}

/* --trial-events-max stands behind the one of the file, so this may be here twice. */
static enum err read_events_max(struct reading *reading, struct span text)
{
    reading->seen &= ~(1U << SETTING_EVENTS);
    return number_of(reading, text, 1, SWEEP_EVENTS_MAX, &reading->sweep->events_max);
}

static enum err read_scenarios(struct reading *reading, struct span text)
{
    if (reading->sweep->axis_count > 0)
        return refuse(reading, ERR_SYNTAX, "scenarios: expected before the other axes");
    reading->sweep->has_scenarios = true;
    return add_axis(reading, NULL, text);
}

static const struct setting {
    const char *key;
    enum err (*read)(struct reading *reading, struct span text);
} settings[SETTING_COUNT] = {
    [SETTING_ARMS] = {"arms", read_arms},
    [SETTING_DESIGN] = {"design", read_design},
    [SETTING_PRECISION] = {"precision", read_precision},
    [SETTING_REPETITIONS] = {"repetitions", read_repetitions},
    [SETTING_TRIALS] = {"trials_max", read_repetitions},
    [SETTING_EVENTS] = {"events_max", read_events_max},
    [SETTING_SCENARIOS] = {"scenarios", read_scenarios},
};

static bool has_setting(const struct reading *reading, int setting)
{
    return reading->seen >> setting & 1;
}

static enum err read_key(struct reading *reading, struct span key, struct span value)
{
    for (int i = 0; i < SETTING_COUNT; i++) {
        if (!span_equal(key, span_of(settings[i].key)))
            continue;
        if (has_setting(reading, i))
            return refuse(reading, ERR_SYNTAX, "this key stands here a second time");
        reading->seen |= 1U << i;
        return settings[i].read(reading, value);
    }
    const struct field *row = field_find(scenario_fields, key);

    if (!row)
        return refuse(reading, ERR_UNKNOWN,
                      "expected arms, scenarios, design, repetitions, precision, trials_max, events_max, or a "
                      "parameter of `hopsim list parameters`");
    return add_axis(reading, row, value);
}

/* ---- The file ---- */

static struct span cut_line(struct span *text)
{
    size_t end = span_find_byte(*text, '\n');
    struct span line = {text->data, end};

    *text = span_after(*text, end < text->size ? end + 1 : end);
    return line;
}

/* The value without the comment behind it, and without the CR of a foreign line end. */
static struct span clean(struct span value)
{
    size_t at = span_find(value, SPAN(" ;"));

    value = span_trim((struct span){value.data, at});
    if (value.size > 0 && value.data[value.size - 1] == '\r')
        value.size--;
    return span_trim(value);
}

/* Reads the lines of [sweep] and blanks them in rest, so that what remains is a scenario with its lines' numbers. */
static enum err take_section(struct reading *reading, char *rest)
{
    struct span text = {reading->sweep->text, reading->sweep->text_size};
    bool is_in = false, was_in = false;

    while (text.size > 0) {
        struct span line = cut_line(&text), bare = clean(line);

        reading->line++;
        if (bare.size > 0 && bare.data[0] == '[')
            is_in = span_equal(bare, SPAN("[sweep]"));
        if (!is_in)
            continue;
        was_in = true;
        if (span_find_byte(line, 0) < line.size)
            return refuse(reading, ERR_SYNTAX, "a zero byte: expected text");
        memset(rest + (line.data - reading->sweep->text), ' ', line.size);
        if (bare.size == 0 || bare.data[0] == '#' || bare.data[0] == ';' || bare.data[0] == '[')
            continue;
        size_t equals = span_find_byte(bare, '=');

        if (equals == bare.size)
            return refuse(reading, ERR_SYNTAX, "expected key = value");
        TRY(read_key(reading, span_trim((struct span){bare.data, equals}), span_trim(span_after(bare, equals + 1))));
    }
    return was_in ? ERR_OK : note_set(reading->note, ERR_SYNTAX, "%s: expected a section [sweep]", reading->path);
}

/* Scenarios are read whole from their own files: a setting beside them would not reach any trial. */
static enum err check_alone(struct reading *reading, struct span rest)
{
    reading->line = 0;
    while (rest.size > 0) {
        struct span bare = clean(cut_line(&rest));

        reading->line++;
        if (bare.size > 0 && !strchr("#;[", bare.data[0]))
            return refuse(reading, ERR_SYNTAX,
                          "expected nothing outside of [sweep] where scenarios are an axis: make it an axis, or set it "
                          "in the scenarios");
    }
    return ERR_OK;
}

static enum err count_points(const struct reading *reading)
{
    struct sweep *sweep = reading->sweep;

    sweep->points = 1;
    if (sweep->axis_count == 0)
        return note_set(reading->note, ERR_RANGE, "%s: expected at least one axis in [sweep]", reading->path);
    for (size_t i = 0; i < sweep->axis_count; i++) {
        size_t count = sweep->axes[i].count;

        if (sweep->design == SWEEP_GRID && sweep->points > SWEEP_POINTS_MAX / count)
            return note_set(reading->note, ERR_RANGE,
                            "%s: design = grid: expected at most %d points; latin N samples them", reading->path,
                            SWEEP_POINTS_MAX);
        if (sweep->design == SWEEP_GRID)
            sweep->points *= count;
        else if (sweep->design == SWEEP_ZIP && i > 0 && count != sweep->points)
            return note_set(reading->note, ERR_RANGE, "%s: design = zip: expected axes of one length", reading->path);
        else if (sweep->design == SWEEP_ZIP)
            sweep->points = count;
    }
    if (sweep->design == SWEEP_LATIN)
        sweep->points = reading->latin;
    return ERR_OK;
}

/* Either repetitions, or precision and perhaps trials_max. */
static enum err choose_trials(const struct reading *reading)
{
    bool is_precise = has_setting(reading, SETTING_PRECISION), has_most = has_setting(reading, SETTING_TRIALS);

    if (has_setting(reading, SETTING_REPETITIONS) && (is_precise || has_most))
        return note_set(reading->note, ERR_SYNTAX, "%s: expected repetitions, or precision and trials_max",
                        reading->path);
    if (has_most && !is_precise)
        return note_set(reading->note, ERR_SYNTAX, "%s: trials_max: expected precision beside it", reading->path);
    if (is_precise && !has_most)
        reading->sweep->repetitions = 10000;
    return ERR_OK;
}

/* The reference is the proposal where it is among the arms, else the first. */
static void choose_reference(struct sweep *sweep)
{
    for (size_t i = 0; i < sweep->arm_count; i++)
        if (strcmp(sweep->arms[i]->name, "msrp-smime") == 0)
            sweep->reference = i;
}

static enum err parse(const char *path, struct sweep *sweep, char *rest, struct note *note)
{
    struct reading reading = {.path = path, .sweep = sweep, .note = note};

    sweep->repetitions = 30;
    memcpy(rest, sweep->text, sweep->text_size);
    rest[sweep->text_size] = 0;
    TRY(take_section(&reading, rest));
    if (sweep->has_scenarios)
        TRY(check_alone(&reading, (struct span){rest, sweep->text_size}));
    TRY(choose_trials(&reading));
    if (!has_setting(&reading, SETTING_ARMS)) {
        reading.line = 0;
        TRY(read_arms(&reading, SPAN("msrp-smime, message-tls, msrp-relay")));
    }
    choose_reference(sweep);
    TRY(count_points(&reading));
    return scenario_file_parse((struct span){rest, sweep->text_size}, path, &sweep->base, note);
}

static void name_sweep(struct sweep *sweep, const char *path)
{
    const char *name = strrchr(path, '/') ? strrchr(path, '/') + 1 : path;
    struct sink sink = SINK(sweep->name);
    size_t size = strlen(name);

    if (size > 4 && strcmp(name + size - 4, ".ini") == 0)
        size -= 4;
    sink_bytes(&sink, name, size < sizeof(sweep->name) - 1 ? size : sizeof(sweep->name) - 1);
    sink_string(&sink);
}

enum err sweep_read(const char *path, struct sweep *sweep, struct note *note)
{
    return sweep_read_copy(path, "", sweep, note);
}

enum err sweep_read_copy(const char *path, const char *inputs, struct sweep *sweep, struct note *note)
{
    struct sweep *made = calloc(1, sizeof(*made));
    struct input input;
    enum err error = made ? input_read(INPUT_SCENARIO, span_of(path), SPAN(""), &input, note)
                          : note_set(note, ERR_FULL, "no memory for a sweep");

    if (error != ERR_OK) {
        free(made);
        return error;
    }
    struct sink copies = SINK(made->inputs);

    sink_text(&copies, inputs);
    check(!copies.overflow);
    made->text_size = input.text.size;
    made->text = malloc(input.text.size + 1);
    char *rest = malloc(input.text.size + 1);

    error = made->text && rest ? ERR_OK : note_set(note, ERR_FULL, "no memory for a sweep");
    if (error == ERR_OK) {
        memcpy(made->text, input.text.data, input.text.size);
        made->text[input.text.size] = 0;
        error = parse(input.name, made, rest, note);
    }
    name_sweep(made, path);
    input_free(&input);
    free(rest);
    if (error == ERR_OK)
        *sweep = *made;
    else
        sweep_free(made);
    free(made);
    return error;
}

void sweep_free(struct sweep *sweep)
{
    for (size_t i = 0; i < sweep->axis_count; i++)
        free(sweep->axes[i].values);
    free(sweep->text);
    *sweep = (struct sweep){.points = 0};
}

enum err sweep_limit_events(struct sweep *sweep, uint64_t most, struct note *note)
{
    char line[64];
    struct sink sink = SINK(line);

    sink_format(&sink, "\n[sweep]\nevents_max = %llu\n", (unsigned long long)most);
    char *text = realloc(sweep->text, sweep->text_size + sink.size + 1);

    if (!text)
        return note_set(note, ERR_FULL, "no memory for a sweep");
    memcpy(text + sweep->text_size, line, sink.size);
    sweep->text_size += sink.size;
    text[sweep->text_size] = 0;
    sweep->text = text;
    sweep->events_max = most;
    return ERR_OK;
}
