# SPDX-License-Identifier: MIT
# bash completion for mezzo

# Names of images; none where the store can't be read. The colon before a tag parts words for readline,
# which then wants only what comes after it.
_mezzo_images()
{
	local word=${COMP_LINE:0:COMP_POINT}

	word=${word##*[[:blank:]]}
	mapfile -t COMPREPLY < <(compgen -W "$(mezzo image ls 2> /dev/null | awk 'NR > 1 { print $1 }')" -- "$word")
	if [[ $word == *:* && $COMP_WORDBREAKS == *:* ]]; then
		COMPREPLY=("${COMPREPLY[@]#"${word%:*}:"}")
	fi
}

# Names of domains: of those that run with `ps`, of all with `ls`.
_mezzo_domains()
{
	mapfile -t COMPREPLY < <(compgen -W "$(mezzo "$1" -q 2> /dev/null)" -- "$current")
}

# A file, or a domain's name with the colon that a path follows. What is behind it nobody lists.
_mezzo_copied()
{
	local word=${COMP_LINE:0:COMP_POINT}

	word=${word##*[[:blank:]]}
	[[ $word == *:* ]] && return
	mapfile -t COMPREPLY < <(compgen -f -- "$current"; compgen -S : -W "$(mezzo ls -q 2> /dev/null)" -- "$current")
	compopt -o nospace
}

# A verb for domains that last.
_mezzo_lasting()
{
	local verb=${COMP_WORDS[1]} options='--store --help'

	case $verb in
	start) options+=' --attach --interactive' ;;
	stop) options+=' --time' ;;
	kill) options+=' --signal' ;;
	attach) options+=' --no-stdin' ;;
	logs) options+=' --follow --timestamps --tail --since' ;;
	ps) options+=' --all --filter --quiet --json' ;;
	ls) options+=' --filter --quiet --json' ;;
	stats) options+=' --all --no-stream --json --html' ;;
	rm) options+=' --force' ;;
	cp) options+=' --archive --follow-link' ;;
	diff) options+=' --json' ;;
	commit) options+=' --message --change --replace --max-file --json' ;;
	inspect) options+=' --seccomp --format' ;;
	esac
	case $verb$previous in
	*--store)
		mapfile -t COMPREPLY < <(compgen -d -- "$current")
		compopt -o filenames
		;;
	kill-s | kill--signal) mapfile -t COMPREPLY < <(compgen -A signal -- "$current") ;;
	stats--html)
		mapfile -t COMPREPLY < <(compgen -f -- "$current")
		compopt -o filenames
		;;
	ps-f | ps--filter | ls-f | ls--filter)
		mapfile -t COMPREPLY < <(compgen -W 'name= state=created state=running state=exited state=killed' -- "$current")
		;;
	stop-t | stop--time | logs-n | logs--tail | logs--since | inspect-f | inspect--format | commit-m | \
		commit--message | commit-c | commit--change | commit--max-file) ;;
	*)
		if [[ $current == -* ]]; then
			mapfile -t COMPREPLY < <(compgen -W "$options" -- "$current")
		elif [[ $verb == stop || $verb == kill || $verb == attach ]]; then
			_mezzo_domains ps
		elif [[ $verb == cp ]]; then
			_mezzo_copied
		elif [[ $verb != ps && $verb != ls ]]; then
			_mezzo_domains ls
		fi
		;;
	esac
}

# Options, the name of a domain, and what is like a command of its own from there on.
_mezzo_exec()
{
	local i

	for ((i = 2; i < COMP_CWORD; i++)); do
		case ${COMP_WORDS[i]} in
		-e | --env | -w | --workdir | -u | --user | --store) ((i++)) ;;
		-*) ;;
		*) break ;;
		esac
	done
	if ((i < COMP_CWORD)); then
		((i++))
		[[ ${COMP_WORDS[i]} == -- ]] && ((i < COMP_CWORD)) && ((i++))
		if ((i == COMP_CWORD)); then
			mapfile -t COMPREPLY < <(compgen -c -- "$current")
		elif declare -F _command_offset > /dev/null; then
			_command_offset "$i"
		else
			mapfile -t COMPREPLY < <(compgen -f -- "$current")
		fi
		return
	fi
	case $previous in
	--store)
		mapfile -t COMPREPLY < <(compgen -d -- "$current")
		compopt -o filenames
		;;
	-e | --env) mapfile -t COMPREPLY < <(compgen -e -- "$current") ;;
	-w | --workdir | -u | --user) ;;
	*)
		if [[ $current == -* ]]; then
			mapfile -t COMPREPLY < <(compgen -W '--interactive --tty --detach --env --workdir --user
				--store --help' -- "$current")
		else
			_mezzo_domains ps
		fi
		;;
	esac
}

_mezzo_image()
{
	local verb=${COMP_WORDS[2]} options='--store --help' words

	# Words as the shell parts them: a name with its tag is one.
	read -ra words <<< "${COMP_LINE:0:COMP_POINT}x"
	if ((COMP_CWORD == 2)); then
		mapfile -t COMPREPLY < <(compgen -W 'import build-debian ls show tag export commit rm --help' -- "$current")
		return
	fi
	case $verb in
	import) options+=' --json --replace --format --select --max-file' ;;
	build-debian) options+=' --json --replace --include --variant --mirror' ;;
	commit) options+=' --message --change --replace --max-file --json' ;;
	ls) options+=' --quiet --json' ;;
	show) options+=' --json' ;;
	tag) options+=' --replace' ;;
	export) options+=' --format' ;;
	rm) options+=' --force' ;;
	esac
	case $previous in
	--format)
		[[ $verb == export ]] && options='tar oci' || options='auto dir tar docker oci'
		mapfile -t COMPREPLY < <(compgen -W "$options" -- "$current")
		return
		;;
	--store)
		mapfile -t COMPREPLY < <(compgen -d -- "$current")
		compopt -o filenames
		return
		;;
	--select | --max-file | --mirror | -m | --message | -c | --change) return ;;
	esac
	if [[ $current == -* ]]; then
		mapfile -t COMPREPLY < <(compgen -W "$options" -- "$current")
	elif [[ $verb == import || ($verb == export && ${#words[@]} -gt 4) ]]; then
		mapfile -t COMPREPLY < <(compgen -f -- "$current")
		compopt -o filenames
	elif [[ $verb == commit ]]; then
		_mezzo_domains ls
	elif [[ $verb == show || $verb == tag || $verb == export || $verb == rm ]]; then
		_mezzo_images
	fi
}

_mezzo_volume()
{
	local options='--store --help'

	if ((COMP_CWORD == 2)); then
		mapfile -t COMPREPLY < <(compgen -W 'create ls inspect rm prune --help' -- "$current")
		return
	fi
	[[ ${COMP_WORDS[2]} == ls ]] && options+=' --quiet --json'
	[[ ${COMP_WORDS[2]} == prune ]] && options+=' --force'
	if [[ $previous == --store ]]; then
		mapfile -t COMPREPLY < <(compgen -d -- "$current")
		compopt -o filenames
	elif [[ $current == -* ]]; then
		mapfile -t COMPREPLY < <(compgen -W "$options" -- "$current")
	elif [[ ${COMP_WORDS[2]} == inspect || ${COMP_WORDS[2]} == rm ]]; then
		mapfile -t COMPREPLY < <(compgen -W "$(mezzo volume ls -q 2> /dev/null)" -- "$current")
	fi
}

_mezzo_store()
{
	local options='--store --help'

	if ((COMP_CWORD == 2)); then
		mapfile -t COMPREPLY < <(compgen -W 'info fsck dedup ls --help' -- "$current")
		return
	fi
	case ${COMP_WORDS[2]} in
	info | ls) options+=' --json' ;;
	fsck) options+=' --repair' ;;
	esac
	if [[ $previous == --store ]]; then
		mapfile -t COMPREPLY < <(compgen -d -- "$current")
		compopt -o filenames
	else
		mapfile -t COMPREPLY < <(compgen -W "$options" -- "$current")
	fi
}

_mezzo()
{
	local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]}
	local verb=${COMP_WORDS[1]} image=${COMP_WORDS[1]/#create/run} i word
	local verbs='do run image store create start stop kill wait attach exec logs ps ls stats rm rename diff cp
		commit volume inspect version help'
	local common='--env --workdir --volume --hostname --trace --trace-file --log-file --verbose --layer
		--no-key --interactive --help'

	COMPREPLY=()
	if ((COMP_CWORD == 1)); then
		mapfile -t COMPREPLY < <(compgen -W "$verbs" -- "$current")
		return
	fi
	case $verb in
	help)
		((COMP_CWORD == 2)) && mapfile -t COMPREPLY < <(compgen -W "$verbs" -- "$current")
		return
		;;
	do) ;;
	run) common+=' --rootfs --user --store --entrypoint --disk --log-size --tty --rm --name --detach' ;;
	create) common+=' --rootfs --user --store --entrypoint --disk --log-size --tty --rm --name' ;;
	start | stop | kill | wait | attach | logs | ps | ls | stats | rm | rename | inspect | diff | cp | commit)
		_mezzo_lasting
		return
		;;
	exec)
		_mezzo_exec
		return
		;;
	image)
		_mezzo_image
		return
		;;
	store)
		_mezzo_store
		return
		;;
	volume)
		_mezzo_volume
		return
		;;
	*) return ;;
	esac

	# The command begins at the first word that is neither an option nor an option's argument; that of run
	# behind the image, which is there where no --rootfs is; of create behind its name, too, where that
	# is no option's.
	for ((i = 2; i < COMP_CWORD; i++)); do
		word=${COMP_WORDS[i]}
		[[ $word == --rootfs ]] && image=
		[[ $word == --name ]] && verb=run
		case $word in
		--) ((i++)); break ;;
		-e | --env | -w | --workdir | --hostname | --trace-file | --log-file | --layer | --rootfs | \
			--store | -u | --user | --entrypoint | --disk | --log-size | --name) ((i++)) ;;
		-v | --volume)
			# The colons part words here.
			((i++))
			while [[ ${COMP_WORDS[i + 1]:-} == : ]]; do ((i += 2)); done
			;;
		-*) ;;
		*) break ;;
		esac
	done
	if [[ $verb == create ]] && ((i < COMP_CWORD)); then
		((i++))
	elif [[ $verb == create && $current != -* ]] && ((i == COMP_CWORD)); then
		return
	fi
	if [[ $image == run ]]; then
		# A name with its tag is three words here.
		word=$((i + 1))
		[[ ${COMP_WORDS[word]:-} == : ]] && word=$((word + 2))
		if ((i < COMP_CWORD && COMP_CWORD < word)) || ((i == COMP_CWORD)) && [[ $current != -* ]]; then
			case $previous in
			-e | --env | -w | --workdir | --hostname | --trace-file | --log-file | --layer | --store | \
				--rootfs | -u | --user | --entrypoint | --disk | --log-size | --name | -v | --volume) ;;
			*) _mezzo_images; return ;;
			esac
		fi
		((word <= COMP_CWORD)) && i=$word
		[[ ${COMP_WORDS[i]:-} == -- ]] && ((i < COMP_CWORD)) && ((i++))
	fi
	if ((i < COMP_CWORD)) || [[ ${COMP_WORDS[i - 1]} == -- ]] || [[ $image == run && $i -eq ${word:-0} ]]; then
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
	-w | --workdir | --rootfs | --store)
		mapfile -t COMPREPLY < <(compgen -d -- "$current")
		compopt -o filenames
		;;
	--trace-file | --log-file | --layer)
		mapfile -t COMPREPLY < <(compgen -f -- "$current")
		compopt -o filenames
		;;
	-e | --env) mapfile -t COMPREPLY < <(compgen -e -- "$current") ;;
	-v | --volume)
		if [[ $current == [/.]* ]]; then
			mapfile -t COMPREPLY < <(compgen -d -- "$current")
			compopt -o filenames -o nospace
		else
			mapfile -t COMPREPLY < <(compgen -W "$(mezzo volume ls -q 2> /dev/null)" -- "$current")
			compopt -o nospace
		fi
		;;
	--hostname | -u | --user | --entrypoint | --disk | --log-size | --name) ;;
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
