"""Completion scripts: a function for each shell that asks vvcli for the candidates.

The function sets `_VVCLI_COMPLETE` and gives the words of the line as arguments; the last one is
the word at the cursor. How the answer is written is `vvcli.cli.completion`'s.
"""

from __future__ import annotations

# The answer's first line is `filenames` or `words`, and `nospace` where a folder alone fits. For
# file names bash quotes what is inserted, and adds a slash to folders. COMP_LINE says which of the
# words, cut at colons and equals signs, belong together. Only bash 4.4 and newer have nosort.
BASH = """\
_vvcli_completion() {
    local line kind=
    COMPREPLY=()
    while IFS= read -r line; do
        if [[ -z $kind ]]; then
            kind=$line
            [[ $kind != filenames* ]] || compopt -o filenames 2> /dev/null
            [[ $kind != *nospace ]] || compopt -o nospace 2> /dev/null
        else
            COMPREPLY+=("$line")
        fi
    done < <(_VVCLI_COMPLETE=bash COMP_LINE="$COMP_LINE" COMP_POINT="$COMP_POINT" \\
        "${1/#\\~\\//$HOME/}" "${COMP_WORDS[@]:1:COMP_CWORD}" 2> /dev/null)
}
complete -o nosort -F _vvcli_completion vvcli 2> /dev/null ||
    complete -F _vvcli_completion vvcli
"""

# Lines are `file`, `file PATTERN`, `dir`, or a value, a tab and its description. The value after
# `--option=` is completed by itself.
ZSH = """\
#compdef vvcli
_vvcli_completion() {
    local line value ret=1
    local -a lines values shown
    lines=("${(@f)$(_VVCLI_COMPLETE=zsh ${(Q)~words[1]} \\
        "${(@Q)words[2,CURRENT-1]}" "${(Q)PREFIX}" 2> /dev/null)}")
    [[ $PREFIX != --*=* ]] || compset -P '--*='
    for line in $lines; do
        case $line in
            (file) _files && ret=0 ;;
            ('file *.('*')') _files -g "${line#file }" && ret=0 ;;
            (dir) _files -/ && ret=0 ;;
            (*)
                value=${line%%$'\\t'*}
                values+=("$value")
                shown+=("$value${${line#$value}/$'\\t'/  -- }")
                ;;
        esac
    done
    if (( $#values )); then
        if [[ $lines == *$'\\t'* ]]; then
            compadd -V vvcli -l -d shown -a values && ret=0
        else
            compadd -V vvcli -a values && ret=0
        fi
    fi
    return ret
}
if [[ $zsh_eval_context[-1] == loadautofunc ]]; then
    _vvcli_completion "$@"
elif (( $+functions[compdef] )); then
    compdef _vvcli_completion vvcli
else
    print -u2 'vvcli: no completion without compinit: put' \\
        '`autoload -Uz compinit && compinit` above this line of ~/.zshrc'
fi
"""

# Lines are a value, a tab and its description, as fish itself wants them.
FISH = """\
function _vvcli_completion
    set -l words (commandline --tokenize --current-process --cut-at-cursor)
    set -l current (commandline --current-token --cut-at-cursor)
    set -l plain (string unescape -- $current)
    or set plain (string trim --left --chars '"\\'' -- $current)
    env _VVCLI_COMPLETE=fish $words[1] $words[2..] "$plain" 2>/dev/null
end
complete --command vvcli --no-files --keep-order --arguments '(_vvcli_completion)'
"""

SCRIPTS = {"bash": BASH, "zsh": ZSH, "fish": FISH}
