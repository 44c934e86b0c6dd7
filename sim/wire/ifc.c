/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sim/wire/ifc.h"
#include "sim/base/check.h"

/* Cuts the content of the first <name> off *text; false when there is none. */
static bool cut_element(struct span *text, const char *name, struct span *content)
{
    char open_text[40], close_text[40];
    struct sink open = SINK(open_text), close = SINK(close_text);

    sink_format(&open, "<%s>", name);
    sink_format(&close, "</%s>", name);
    check(!open.overflow && !close.overflow);
    size_t start = span_find(*text, sink_written(&open));

    if (start == text->size)
        return false;
    struct span rest = span_after(*text, start + open.size);
    size_t end = span_find(rest, sink_written(&close));

    if (end == rest.size)
        return false;
    *content = (struct span){rest.data, end};
    *text = span_after(rest, end + close.size);
    return true;
}

/* The same of a part that stays as it is. */
static bool element_of(struct span text, const char *name, struct span *content)
{
    return cut_element(&text, name, content);
}

static uint64_t number_of(struct span text, const char *name, uint64_t otherwise)
{
    struct span content;
    uint64_t number;

    if (!element_of(text, name, &content))
        return otherwise;
    content = span_trim(content);
    return span_cut_number(&content, &number) == ERR_OK && content.size == 0 ? number : otherwise;
}

/* ---- Trigger points ---- */

struct question {
    const struct sip_message *request;
    enum ifc_session_case session_case;
};

static bool has_header(const struct sip_message *request, struct span spt)
{
    struct span name, content;

    if (!element_of(spt, "Header", &name))
        return false;
    bool has_content = element_of(spt, "Content", &content);

    for (size_t i = 0; i < request->count; i++) {
        const struct sip_line *line = &request->lines[i];

        if (span_equal_nocase(line->name, name) && (!has_content || span_find(line->value, content) < line->value.size))
            return true;
    }
    return false;
}

static bool is_met(struct span spt, const struct question *question)
{
    bool is_negated = number_of(spt, "ConditionNegated", 0) != 0, is_true = false;
    struct span content;

    if (element_of(spt, "Method", &content))
        is_true = span_equal(content, question->request->method);
    else if (element_of(spt, "SessionCase", &content))
        is_true = number_of(spt, "SessionCase", UINT64_MAX) == (uint64_t)question->session_case;
    else if (element_of(spt, "RequestURI", &content))
        is_true = span_find(question->request->uri, content) < question->request->uri.size;
    else if (element_of(spt, "SIPHeader", &content))
        is_true = has_header(question->request, content);
    else
        return false;
    return is_true != is_negated;
}

/* What the triggers of a group come to: with CNF one of them is enough, with DNF all are needed. */
struct groups {
    bool is_there[IFC_GROUPS_MAX], is_met[IFC_GROUPS_MAX];
};

static void note_group(struct groups *groups, uint64_t group, bool is_cnf, bool is_spt_met)
{
    if (group >= IFC_GROUPS_MAX)
        return;
    if (!groups->is_there[group]) {
        groups->is_there[group] = true;
        groups->is_met[group] = is_spt_met;
    } else {
        groups->is_met[group] = is_cnf ? groups->is_met[group] || is_spt_met : groups->is_met[group] && is_spt_met;
    }
}

/* Between groups it is the other way round. */
static bool join_groups(const struct groups *groups, bool is_cnf)
{
    bool is_any = false;

    for (int i = 0; i < IFC_GROUPS_MAX; i++) {
        if (!groups->is_there[i])
            continue;
        if (groups->is_met[i] != is_cnf)
            return !is_cnf;
        is_any = true;
    }
    return is_any && is_cnf;
}

static bool meets(struct span criterion, const struct question *question)
{
    struct groups groups = {{false}, {false}};
    struct span trigger, spt, group;

    if (!element_of(criterion, "TriggerPoint", &trigger))
        return true;
    bool is_cnf = number_of(trigger, "ConditionTypeCNF", 1) != 0;

    while (cut_element(&trigger, "SPT", &spt)) {
        bool is_spt_met = is_met(spt, question);

        for (struct span rest = spt; cut_element(&rest, "Group", &group);) {
            uint64_t number;

            group = span_trim(group);
            if (span_cut_number(&group, &number) == ERR_OK)
                note_group(&groups, number, is_cnf, is_spt_met);
        }
    }
    return join_groups(&groups, is_cnf);
}

/* ---- Criteria ---- */

/* In the order of their priorities, those of one priority as they stand. */
static uint32_t read_criteria(struct span profile, struct span criteria[IFC_MAX])
{
    uint64_t priorities[IFC_MAX];
    uint32_t count = 0;
    struct span criterion;

    while (count < IFC_MAX && cut_element(&profile, "InitialFilterCriteria", &criterion)) {
        uint64_t priority = number_of(criterion, "Priority", UINT64_MAX);
        uint32_t at = count++;

        for (; at > 0 && priorities[at - 1] > priority; at--) {
            priorities[at] = priorities[at - 1];
            criteria[at] = criteria[at - 1];
        }
        priorities[at] = priority;
        criteria[at] = criterion;
    }
    return count;
}

bool ifc_find(struct span profile, const struct sip_message *request, enum ifc_session_case session_case, uint32_t from,
              struct ifc_match *match)
{
    const struct question question = {request, session_case};
    struct span criteria[IFC_MAX], server;
    uint32_t count = read_criteria(profile, criteria);

    for (uint32_t i = from; i < count; i++) {
        if (!element_of(criteria[i], "ServerName", &server) || !meets(criteria[i], &question))
            continue;
        *match = (struct ifc_match){
            .server = span_trim(server), .next = i + 1, .continues = number_of(criteria[i], "DefaultHandling", 0) == 0};
        return true;
    }
    return false;
}
