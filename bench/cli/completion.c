/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * completion.c - what bash and zsh need to complete the program's words, from the tables of commands, parameters, arms
 * and scenarios. A word stands for what its name in a command's row says: SCENARIO, ARM, FILE ...
 */
#include "bench/cli/command.h"
#include "bench/harness/input.h"
#include "sim/scenario.h"

enum { COMPLETION_SIZE = 256 << 10 };

static void write_commands(struct sink *sink)
{
    for (size_t i = 0; commands[i]; i++)
        sink_format(sink, "%s%s", i ? " " : "", commands[i]->name);
}

static void write_arms(struct sink *sink)
{
    for (const struct arm *arm = arms; arm->name; arm++)
        sink_format(sink, "%s%s", arm == arms ? "" : " ", arm->name);
}

static void write_inputs(struct sink *sink, enum input_kind kind)
{
    for (const struct input_builtin *row = input_builtins; row->name; row++)
        if (row->kind == kind)
            sink_format(sink, "%s ", row->name);
}

static void write_parameters(struct sink *sink)
{
    for (const struct field *row = scenario_fields; row->name; row++)
        sink_format(sink, "%s%s", row == scenario_fields ? "" : " ", row->name);
}

/* What completes a word of that name, as a call of the shell; files where no row fits. */
static const struct word {
    const char *name, *call;
} words[] = {
    {"SCENARIO", "_hopsim_words \"$_hopsim_scenarios\"; _hopsim_files"},
    {"ARM", "_hopsim_words \"$_hopsim_arms\""},
    {"LIST", "_hopsim_list \"$_hopsim_arms\""},
    {"KEY=VALUE", "_hopsim_set"},
    {"PARAMETER", "_hopsim_words \"$_hopsim_parameters\""},
    {"FOLDER", "_hopsim_folders"},
    {"DIR", "_hopsim_folders"},
    {"N", ":"},
    {"SHARE", ":"},
    {"SIZE", ":"},
    {"RATE", ":"},
    {"TIME", ":"},
    {.name = NULL},
};

/* Choices that stand in the row itself ("arms|scenarios", "bash|zsh") are words. */
static void write_call(struct sink *sink, const char *name, size_t size)
{
    struct span text = {name, size};

    if (memchr(name, '|', size)) {
        sink_text(sink, "_hopsim_words '");
        for (size_t i = 0; i < size; i++)
            sink_char(sink, name[i] == '|' ? ' ' : name[i]);
        sink_text(sink, "'");
        return;
    }
    for (const struct word *word = words; word->name; word++) {
        if (span_equal(text, span_of(word->name))) {
            sink_text(sink, word->call);
            return;
        }
    }
    sink_text(sink, "_hopsim_files");
}

/* The first word of an arguments' row, without brackets and dots: "CAPTURE..." is CAPTURE. */
static struct span first_word(const char *arguments)
{
    const char *from = arguments[0] == '[' ? arguments + 1 : arguments;

    return (struct span){from, strcspn(from, " ].")};
}

static void write_command(struct sink *sink, const struct command *command)
{
    struct span argument = first_word(command->arguments);

    sink_format(sink, "    %s)\n        case $previous in\n", command->name);
    for (const struct command_option *option = command->options; option->name; option++) {
        if (!option->values)
            continue;
        sink_format(sink, "        %s) ", option->name);
        write_call(sink, option->values, strcspn(option->values, " "));
        sink_text(sink, " ;;\n");
    }
    sink_text(sink, "        *)\n            case $current in\n            -*) _hopsim_words '");
    for (const struct command_option *option = command->options; option->name; option++)
        sink_format(sink, "%s ", option->name);
    sink_text(sink, "--help' ;;\n            *) ");
    if (argument.size > 0)
        write_call(sink, argument.data, argument.size);
    else
        sink_text(sink, ":");
    sink_text(sink, " ;;\n            esac ;;\n        esac ;;\n");
}

static void write_bash(struct sink *sink)
{
    sink_text(sink, "# Completion of hopsim's words for bash, made by: hopsim completion bash\n");
    sink_text(sink, "_hopsim_commands='");
    write_commands(sink);
    sink_text(sink, " help --help --version'\n_hopsim_arms='");
    write_arms(sink);
    sink_text(sink, "'\n_hopsim_scenarios='");
    write_inputs(sink, INPUT_SCENARIO);
    sink_text(sink, "'\n_hopsim_parameters='");
    write_parameters(sink);
    sink_text(sink,
              "'\n\n"
              "_hopsim_words() { COMPREPLY+=($(compgen -W \"$1\" -- \"$current\")); }\n"
              "_hopsim_files() { COMPREPLY+=($(compgen -f -- \"$current\")); compopt -o filenames; }\n"
              "_hopsim_folders() { COMPREPLY+=($(compgen -d -- \"$current\")); compopt -o filenames; }\n"
              "_hopsim_set() { COMPREPLY+=($(compgen -W \"$_hopsim_parameters\" -S = -- \"$current\")); "
              "compopt -o nospace; }\n"
              "_hopsim_list()\n{\n    local done=${current%\"${current##*,}\"}\n"
              "    COMPREPLY+=($(compgen -P \"$done\" -W \"$1\" -- \"${current##*,}\"))\n"
              "    compopt -o nospace\n}\n\n"
              "_hopsim()\n{\n    local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]}\n\n"
              "    COMPREPLY=()\n"
              "    if [ \"$COMP_CWORD\" -eq 1 ]; then\n        _hopsim_words \"$_hopsim_commands\"\n"
              "        return\n    fi\n"
              "    case ${COMP_WORDS[1]} in\n");
    for (size_t i = 0; commands[i]; i++)
        write_command(sink, commands[i]);
    sink_text(sink, "    esac\n}\ncomplete -F _hopsim hopsim\n");
}

/* zsh runs completions of bash by its bashcompinit. */
static void write_zsh(struct sink *sink)
{
    sink_text(sink, "#compdef hopsim\n# Completion of hopsim's words for zsh, made by: hopsim completion zsh\n"
                    "autoload -U +X bashcompinit && bashcompinit\ncompopt() { :; }\n");
    write_bash(sink);
}

static const struct shell {
    const char *name;
    void (*write)(struct sink *sink);
} shells[] = {{"bash", write_bash}, {"zsh", write_zsh}, {.name = NULL}};

static enum status run_completion(const struct command_line *line)
{
    static char text[COMPLETION_SIZE];
    struct sink sink = SINK(text);
    struct note note = {{0}};

    for (const struct shell *shell = shells; shell->name; shell++) {
        if (strcmp(shell->name, line->arguments[0]) == 0) {
            shell->write(&sink);
            return command_print(sink_written(&sink));
        }
    }
    return command_fail(note_set(&note, ERR_UNKNOWN, "completion: %s: expected bash or zsh", line->arguments[0]),
                        &note);
}

static const struct command_option options[] = {{.name = NULL}};

const struct command command_completion = {
    .name = "completion",
    .arguments = "bash|zsh",
    .arguments_least = 1,
    .arguments_most = 1,
    .help = "Print what completes the program's words in a shell: eval \"$(hopsim completion bash)\"",
    .options = options,
    .run = run_completion,
};
