# SPDX-License-Identifier: MIT
# bash completion for mezzo

_mezzo()
{
	local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]}
	local verb=${COMP_WORDS[1]} i word
	local common='--env --workdir --hostname --trace --trace-file --log-file --verbose --layer
		--no-key --interactive --help'

	COMPREPLY=()
	if ((COMP_CWORD == 1)); then
		mapfile -t COMPREPLY < <(compgen -W 'do run inspect version help' -- "$current")
		return
	fi
	case $verb in
	do) ;;
	run) common+=' --rootfs --user' ;;
	inspect)
		mapfile -t COMPREPLY < <(compgen -W '--seccomp --help' -- "$current")
		return
		;;
	*) return ;;
	esac

	# The command begins at the first word that is neither an option nor an option's argument.
	for ((i = 2; i < COMP_CWORD; i++)); do
		word=${COMP_WORDS[i]}
		case $word in
		--) ((i++)); break ;;
		-e | --env | -w | --workdir | --hostname | --trace-file | --log-file | --layer | --rootfs | \
			-u | --user) ((i++)) ;;
		-*) ;;
		*) break ;;
		esac
	done
	if ((i < COMP_CWORD)) || [[ ${COMP_WORDS[i - 1]} == -- ]]; then
		if ((i >= COMP_CWORD)); then
			mapfile -t COMPREPLY < <(compgen -c -- "$current")
		elif declare -F _command_offset > /dev/null; then
			_command_offset "$i"
		else
			mapfile -t COMPREPLY < <(compgen -f -- "$current")
		fi
		return
	fi

	case $previous in
	-w | --workdir | --rootfs)
		mapfile -t COMPREPLY < <(compgen -d -- "$current")
		compopt -o filenames
		;;
	--trace-file | --log-file | --layer)
		mapfile -t COMPREPLY < <(compgen -f -- "$current")
		compopt -o filenames
		;;
	-e | --env) mapfile -t COMPREPLY < <(compgen -e -- "$current") ;;
	--hostname | -u | --user) ;;
	*)
		if [[ $current == -* ]]; then
			mapfile -t COMPREPLY < <(compgen -W "$common" -- "$current")
		else
			mapfile -t COMPREPLY < <(compgen -c -- "$current")
		fi
		;;
	esac
}

complete -F _mezzo mezzo
