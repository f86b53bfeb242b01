# SPDX-License-Identifier: MIT
# git: init, add, commit, clone over file, log, and what else works on files alone.
. "$(dirname "$0")/lib.sh"
in_domain
scratch
export HOME=$PWD GIT_CONFIG_NOSYSTEM=1 GIT_AUTHOR_DATE=@1000000000 GIT_COMMITTER_DATE=@1000000000
git config --global user.name Tester
git config --global user.email tester@example.org
git config --global init.defaultBranch main

check "init" git init -q r
cd r || exit 1
seq 1000 > numbers
mkdir -p d/e
echo text > d/e/file
check "add" git add .
check "commit" git commit -qm first
prints "log" "first" 'git log --format=%s'
prints "status is clean" "" 'git status --porcelain'
echo more >> d/e/file
prints "status sees a change" " M d/e/file" 'git status --porcelain'
prints "diff" "+more" 'git diff | tail -1'
check "second commit" git commit -qam second
check "clone over file" git clone -q "file://$PWD" ../c
prints "clone has the history" "2" 'git -C ../c log --oneline | wc -l'
check "clone by path" git clone -q . ../c2
prints "clone has the content" "same" 'diff -r --exclude=.git . ../c && echo same'
check "branch and merge" bash -c 'git checkout -qb side HEAD~1 && echo side > side && git add side && git commit -qm side && git checkout -q main && git merge -q side -m merged'
prints "merged" "side" 'cat side'
check "push" bash -c 'git clone -q --bare . ../bare.git && git remote add o ../bare.git && echo x > pushed && git add . && git commit -qm pushed && git push -q o main'
prints "pull" "x" 'git clone -q ../bare.git ../c3 && echo y > pulled && git add . && git commit -qm pulled && git push -q o main && git -C ../c3 pull -q && cat ../c3/pushed'
check "rebase" bash -c 'git checkout -qb topic HEAD~2 && echo t > topic && git add . && git commit -qm topic && git rebase -q main'
check "tag, gc, fsck" bash -c 'git tag v1 && git gc -q && git fsck --strict'
check "stash" bash -c 'echo z >> numbers && git stash -q && git stash pop -q && git checkout -q numbers'
prints "blame and grep" "1000" 'git blame -s numbers | wc -l; git grep -q text'
prints "archive" "ok" 'git archive HEAD | tar tf - | grep -q d/e/file && echo ok'
check "worktree" bash -c 'git worktree add -q ../w main~0 2> /dev/null || git worktree add -q --detach ../w'
check "many files" bash -c 'mkdir many; for i in $(seq 500); do echo $i > many/$i; done; git add many; git commit -qm many'
prints "checkout back and forth" "500" 'git checkout -q HEAD~1 && [ ! -e many ] && git checkout -q - && ls many | wc -l'
finish
