# SPDX-License-Identifier: MIT
# OpenSSL, GnuPG, OpenSSH: random numbers, agents, long arithmetic. Keys differ; what is told of them does not.
. "$(dirname "$0")/lib.sh"


having openssl "openssl speed, a second" "openssl speed -seconds 1 -bytes 1024 sha256 2> /dev/null | grep -o '^sha256'"
having openssl "openssl: a certificate" "openssl req -x509 -newkey rsa:2048 -nodes -keyout key -out certificate -subj /CN=mezzo -days 1 2> /dev/null &&
	openssl verify -CAfile certificate certificate && openssl x509 -in certificate -noout -subject"
having openssl "openssl: encrypted and back" "seq 10000 > in && openssl enc -aes-256-cbc -pbkdf2 -k secret -in in -out cipher &&
	openssl enc -d -aes-256-cbc -pbkdf2 -k secret -in cipher | cmp - in && echo same"
having gpg "gpg: a key, a signature" 'export GNUPGHOME=$PWD/home && mkdir -m 700 home &&
	gpg --batch --quiet --passphrase "" --quick-generate-key a@example.org ed25519 sign 1d 2> /dev/null &&
	echo text | gpg --batch --quiet --clearsign > signed && gpg --verify signed 2>&1 | grep -o "Good signature from .*"
	status=$?; gpgconf --kill all; exit $status'
having gpg "gpg: with a passphrase, symmetric" 'export GNUPGHOME=$PWD/home && mkdir -m 700 home && echo text > in &&
	gpg --batch --quiet --pinentry-mode loopback --passphrase x --symmetric -o cipher in &&
	gpg --batch --quiet --pinentry-mode loopback --passphrase x --decrypt cipher; status=$?
	gpgconf --kill all; exit $status'
for kind in ed25519 rsa ecdsa; do
	having ssh-keygen "ssh-keygen: $kind" "ssh-keygen -q -t $kind -N '' -f key && ssh-keygen -l -f key | sed 's/SHA256:[^ ]*//; s/[^ ]*@[^ ]*//' &&
		ssh-keygen -y -f key | cut -d' ' -f1"
done
having ssh-agent "ssh-agent and ssh-add" 'eval "$(ssh-agent -a $PWD/agent)" > /dev/null && ssh-keygen -q -t ed25519 -N "" -f key &&
	ssh-add -q key && ssh-add -l | wc -l; status=$?; ssh-agent -k > /dev/null; exit $status'
finish
