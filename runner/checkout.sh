# Fetches a commit into the workspace, as actions/checkout does. Runs where the job runs; everything it needs
# stands in CHECKOUT_… variables, the credential in GIT_CONFIG_… ones, so that no argument ever holds it.
# CHECKOUT_MODE is main or post.

fail() { printf '::error::%s\n' "$1"; exit 1; }
run() { printf '[command]git'; printf ' %s' "$@"; echo; git "$@"; }

command -v git >/dev/null 2>&1 ||
  fail "actions/checkout runs git inside the job, and the image of this job has no git. Choose an image with git, or install it in an earlier step."

url=$CHECKOUT_URL
directory=$CHECKOUT_DIRECTORY
key="http.$CHECKOUT_ORIGIN/.extraheader"

if [ "$CHECKOUT_MODE" = post ]; then
  cd "$directory" 2>/dev/null || exit 0
  [ -d .git ] || exit 0
  git config --local --unset-all "$key" 2>/dev/null
  git submodule foreach --quiet --recursive "git config --local --unset-all '$key' || :" 2>/dev/null
  echo "Removed the credential from $directory/.git/config"
  exit 0
fi

set -e
git version
git config --global --add safe.directory "$directory"
mkdir -p "$directory"
cd "$directory"

if [ -d .git ] && [ "$(git config --local --get remote.origin.url 2>/dev/null)" = "$url" ]; then
  git config --local --unset-all "$key" 2>/dev/null || :
  rm -f .git/index.lock .git/shallow.lock
  git checkout --quiet --detach 2>/dev/null || :
  if [ "$CHECKOUT_CLEAN" = true ]; then
    echo '::group::Cleaning the repository'
    run clean -ffdx
    if git rev-parse --quiet --verify HEAD >/dev/null; then run reset --hard HEAD; fi
    echo '::endgroup::'
  fi
else
  if [ -n "$(ls -A .)" ]; then
    echo "Deleting the contents of '$directory'"
    find . -mindepth 1 -maxdepth 1 -exec rm -rf {} +
  fi
  echo '::group::Initializing the repository'
  run -c init.defaultBranch=main init --quiet .
  run remote add origin "$url"
  git config --local gc.auto 0
  echo '::endgroup::'
fi

# Which commit, and under which local name.
ref=$CHECKOUT_REF
sha=$CHECKOUT_SHA
if [ -z "$ref" ] && [ -z "$sha" ]; then
  ref=$(git ls-remote --symref origin HEAD | while read -r word name _; do
    if [ "$word" = ref: ]; then echo "$name"; fi
  done)
  [ -n "$ref" ] || fail "The repository $url cannot be read, or is empty."
fi
case "$ref" in
  refs/* | '') ;;
  *)
    found=$(git ls-remote origin "refs/heads/$ref" "refs/tags/$ref") || fail "The repository $url cannot be read."
    case "$found" in
      *"refs/heads/$ref"*) ref=refs/heads/$ref ;;
      *"refs/tags/$ref"*) ref=refs/tags/$ref ;;
      *) fail "A branch or tag with the name '$ref' could not be found" ;;
    esac
    ;;
esac
branch=
case "$ref" in
  refs/heads/*) branch=${ref#refs/heads/} local=refs/remotes/origin/$branch ;;
  refs/pull/*) local=refs/remotes/pull/${ref#refs/pull/} ;;
  refs/tags/*) local=$ref ;;
  *) local= ;;
esac
spec=+${sha:-$ref}
if [ -n "$local" ]; then spec=$spec:$local; fi

fetch() {
  for pause in 2 5 ''; do
    if run -c protocol.version=2 fetch --no-tags --prune --no-recurse-submodules "$@"; then return 0; fi
    [ -n "$pause" ] || fail "The commit ${sha:-$ref} of $url cannot be fetched; what git said is above."
    echo "Trying again in $pause seconds"
    sleep "$pause"
  done
}

echo '::group::Fetching the repository'
if [ "$CHECKOUT_DEPTH" = 0 ]; then
  fetch origin '+refs/heads/*:refs/remotes/origin/*' '+refs/tags/*:refs/tags/*'
  fetch origin "$spec"
else
  fetch "--depth=$CHECKOUT_DEPTH" origin "$spec"
fi
echo '::endgroup::'

echo '::group::Checking out the ref'
if [ -n "$branch" ]; then
  run checkout --progress --force -B "$branch" "$local"
else
  run checkout --progress --force "${local:-$sha}"
fi
echo '::endgroup::'

if [ "$CHECKOUT_SUBMODULES" != false ]; then
  echo '::group::Fetching submodules'
  recursive=
  if [ "$CHECKOUT_SUBMODULES" = recursive ]; then recursive=--recursive; fi
  depth=
  if [ "$CHECKOUT_DEPTH" != 0 ]; then depth=--depth=$CHECKOUT_DEPTH; fi
  run submodule sync $recursive
  run -c protocol.version=2 submodule update --init --force $depth $recursive
  echo '::endgroup::'
fi

if [ "$CHECKOUT_PERSIST" = true ] && [ -n "${GIT_CONFIG_VALUE_0:-}" ]; then
  printf '[http "%s/"]\n\textraheader = %s\n' "$CHECKOUT_ORIGIN" "$GIT_CONFIG_VALUE_0" >>.git/config
fi

commit=$(git rev-parse HEAD)
printf 'ref=%s\ncommit=%s\n' "$ref" "$commit" >>"$GITHUB_OUTPUT"
run log -1 --format=%H
