# SPDX-License-Identifier: LGPL-2.1-or-later
# Completion of itaxctl for bash; installed as share/bash-completion/completions/itaxctl

_itaxctl() {
        local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]} word
        local verbs='status doctor try sessions end logins log lock user policy config audit version'
        local options='--service --method --unit --prompts --rhost --account --date --json --file --journal --head --system --root --help'
        local -a words=()

        COMPREPLY=()
        case $previous in
        --service)
                [ -d /etc/pam.d ] && mapfile -t COMPREPLY < <(cd /etc/pam.d && compgen -f -- "$current")
                return
                ;;
        --method) mapfile -t COMPREPLY < <(compgen -W 'any password qr' -- "$current"); return ;;
        --unit) mapfile -t COMPREPLY < <(compgen -W 'off ask required' -- "$current"); return ;;
        --prompts) mapfile -t COMPREPLY < <(compgen -W 'auto many buffered one' -- "$current"); return ;;
        --root) mapfile -t COMPREPLY < <(compgen -d -- "$current"); return ;;
        --file) mapfile -t COMPREPLY < <(compgen -f -- "$current"); return ;;
        --journal) mapfile -t COMPREPLY < <(compgen -d -- "$current"); return ;;
        --rhost) mapfile -t COMPREPLY < <(compgen -A hostname -- "$current"); return ;;
        --account | --date | --head) return ;;
        esac

        # words that are no options, without the one that is being typed
        for word in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
                case $word in -*) ;; *) words+=("$word") ;; esac
        done
        case ${words[*]} in
        '') verbs="$verbs $options" ;;
        user) verbs='list map unmap' ;;
        lock) verbs='show' ;;
        policy) verbs='simulate' ;;
        config) verbs='check show' ;;
        audit) verbs='verify' ;;
        try | 'user map' | 'user unmap')
                case $current in
                -*) verbs=$options ;;
                *) mapfile -t COMPREPLY < <(compgen -u -- "$current"); return ;;
                esac
                ;;
        'config check' | 'audit verify')
                case $current in
                -*) verbs=$options ;;
                *) mapfile -t COMPREPLY < <(compgen -f -- "$current"); return ;;
                esac
                ;;
        doctor*)
                case $current in
                -*) verbs=$options ;;
                *)
                        [ -d /etc/pam.d ] && mapfile -t COMPREPLY < <(cd /etc/pam.d && compgen -f -- "$current")
                        return
                        ;;
                esac
                ;;
        *) verbs=$options ;;
        esac
        mapfile -t COMPREPLY < <(compgen -W "$verbs" -- "$current")
}
complete -F _itaxctl itaxctl
