#include "cli/arguments.h"
#include "cli/print.h"
#include "cli/verbs.h"

#include "conf/options_table.h"

#include <stdio.h>
#include <string.h>

enum { SCRIPT_MAX = 64 * 1024 };

/*
 * The commands and the options stand in the script; what one command takes is asked from its own --help when
 * somebody completes it, so that no second list of flags can go stale.
 */
static const char flags_of[] = "ec2sched \"$1\" --help 2>/dev/null | sed -nE 's/^ +(--[a-z.-]+).*/\\1/p'";

static void add_verbs(struct buf *out)
{
    for (const struct verb *v = verbs; v->name; v++)
        if (v->summary)
            buf_addf(out, " %s", v->name);
}

static void add_options(struct buf *out)
{
    for (const struct option *row = option_table; row->name; row++)
        buf_addf(out, " --%s", row->name);
    buf_adds(out, " --config --output --help --version");
}

static void print_bash(struct buf *out)
{
    buf_addf(out, "# bash completion of ec2sched\n_ec2sched_flags() { %s; }\n_ec2sched() {\n", flags_of);
    buf_adds(out, "    local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]} verb='' w\n"
                  "    local verbs='");
    add_verbs(out);
    buf_adds(out, "'\n    local options='");
    add_options(out);
    buf_adds(
        out,
        "'\n    for w in \"${COMP_WORDS[@]:1:COMP_CWORD-1}\"; do\n"
        "        case \" $verbs \" in *\" $w \"*) verb=$w; break ;; esac\n    done\n"
        "    if [[ $before == --output ]]; then COMPREPLY=($(compgen -W 'table json' -- \"$word\"))\n"
        "    elif [[ $before == --config ]]; then COMPREPLY=($(compgen -f -- \"$word\"))\n"
        "    elif [[ $word == -* ]]; then\n"
        "        COMPREPLY=($(compgen -W \"${verb:+$(_ec2sched_flags \"$verb\")} $options\" -- \"$word\"))\n"
        "    elif [[ -z $verb ]]; then COMPREPLY=($(compgen -W \"$verbs\" -- \"$word\")); fi\n"
        "}\ncomplete -F _ec2sched ec2sched\n");
}

static void print_zsh(struct buf *out)
{
    buf_addf(out, "#compdef ec2sched\n_ec2sched_flags() { %s }\n_ec2sched() {\n", flags_of);
    buf_adds(out, "    local verb w\n    local -a verbs options\n    verbs=(");
    add_verbs(out);
    buf_adds(out, ")\n    options=(");
    add_options(out);
    buf_adds(
        out,
        ")\n    for w in ${words[2,CURRENT-1]}; do\n"
        "        if (( ${verbs[(Ie)$w]} )); then verb=$w; break; fi\n    done\n"
        "    case $words[CURRENT-1] in\n"
        "        --output) compadd table json; return ;;\n        --config) _files; return ;;\n    esac\n"
        "    if [[ $words[CURRENT] == -* ]]; then\n"
        "        [[ -n $verb ]] && compadd -- $(_ec2sched_flags $verb)\n"
        "        compadd -- $options\n"
        "    elif [[ -z $verb ]]; then compadd -- $verbs; fi\n}\n"
        "if [[ $funcstack[1] == _ec2sched ]]; then _ec2sched \"$@\"; else compdef _ec2sched ec2sched; fi\n");
}

static void print_fish(struct buf *out)
{
    buf_adds(out, "# fish completion of ec2sched\n"
                  "function __ec2sched_flags\n    for w in (commandline -opc)[2..-1]\n"
                  "        string match -q -- '-*' $w; and continue\n"
                  "        ec2sched $w --help 2>/dev/null | string replace -rf '^ +(--[a-z.-]+).*' '$1'\n"
                  "        return\n    end\nend\n"
                  "complete -c ec2sched -f\n");
    for (const struct verb *v = verbs; v->name; v++)
        if (v->summary)
            buf_addf(out, "complete -c ec2sched -n __fish_use_subcommand -a %s -d \"%s\"\n", v->name,
                     v->summary);
    buf_adds(out, "complete -c ec2sched -n 'not __fish_use_subcommand' -a '(__ec2sched_flags)'\n"
                  "complete -c ec2sched -l output -x -a 'table json'\n"
                  "complete -c ec2sched -l config -r -F\n");
    for (const struct option *row = option_table; row->name; row++)
        buf_addf(out, "complete -c ec2sched -l %s -x\n", row->name);
}

int verb_completion(struct cli *c, const struct strs *words)
{
    static const struct {
        const char *shell;
        void (*print)(struct buf *out);
    } shells[] = {{"bash", print_bash}, {"zsh", print_zsh}, {"fish", print_fish}};
    struct err e = {0};
    STRS_CLEANUP struct strs positional = {0};
    BUF_CLEANUP struct buf out = BUF_INIT(SCRIPT_MAX);

    if (!arguments_read(words, &(struct argument){0}, 1, 1, &positional, &e))
        return cli_usage(c, "completion", e.msg);
    for (size_t i = 0; i < sizeof shells / sizeof *shells; i++) {
        if (strcmp(positional.at[0], shells[i].shell) != 0)
            continue;
        shells[i].print(&out);
        BUG_IF(out.over);
        (void)fputs(buf_cstr(&out), stdout);
        return CLI_OK;
    }
    return cli_usage(c, "completion", "the word behind completion is bash, zsh or fish");
}
