# `install.sh ARGUMENTS OF PIP`: installs into /opt/mlservice, which is made if it is missing, and nothing that is not named.
set -eu
[ -d /opt/mlservice ] || python3 -m venv --without-pip /opt/mlservice
touch /build/began
/build/bin/pip --python /opt/mlservice/bin/python install --no-deps --only-binary :all: "$@"
# Found valid by what is in them and not by times, the files are the same in each build.
find /opt/mlservice/lib -name '*.py' -cnewer /build/began \
    | /opt/mlservice/bin/python -m compileall -q --invalidation-mode unchecked-hash -i -
