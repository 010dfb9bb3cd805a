#!/bin/sh
# Makes the secrets of a new service, each for those pods alone that need it, and writes them as manifests:
#   sh infra/kubernetes/secrets.sh | kubectl create -n mlservice -f -
# With REDIS_URL in the environment, for the Redis that it names. `create`, not `apply`: what is there is kept.
set -eu
umask 077

random() {
    head -c 32 /dev/urandom | base64 | tr '+/' '-_' | tr -d '=\n'
}

secret() {
    printf -- '---\napiVersion: v1\nkind: Secret\nmetadata:\n  name: %s\n  labels: {app.kubernetes.io/part-of: mlservice}\nstringData:\n' "$1"
}

# KEDA takes no URL, but its parts.
if [ -n "${REDIS_URL:-}" ]; then
    url=$REDIS_URL
    case $url in
        *[%\'\"\ ]*) echo "secrets.sh: REDIS_URL has %, a quote or a blank: write the secret mlservice-redis by hand" >&2; exit 1 ;;
        redis://* | rediss://*) ;;
        *) echo "secrets.sh: REDIS_URL must begin with redis:// or rediss://" >&2; exit 1 ;;
    esac
    place=${url#*://}
    place=${place%%[/?]*}
    login=:
    case $place in *@*) login=${place%@*} ;; esac
    address=${place##*@}
    username=${login%%:*}
    password=
    case $login in *:*) password=${login#*:} ;; esac
    # What follows the host's name, which may be an address of IPv6 in brackets.
    case ${address##*]} in *:*) ;; *) address=$address:6379 ;; esac
else
    username=default
    password=$(random)
    master=$(random)
    address=redis:6379
    url=redis://$username:$password@$address/0
    secret mlservice-redis-users
    printf '  config.properties: |\n    REDIS_MASTER_PW=%s\n    REDIS_CELERY_PW=%s\n    HOST=redis\n' "$master" "$password"
fi

secret mlservice-redis
printf "  url: '%s'\n  address: '%s'\n  username: '%s'\n  password: '%s'\n" "$url" "$address" "$username" "$password"
secret mlservice-gateway
printf "  token.keys: '{\"keys\": [{\"kid\": \"%s\", \"d\": \"%s\", \"created_at\": %s, \"ends_at\": null}]}'\n" \
    "$(random | cut -c 1-16)" "$(random)" "$(date +%s)"
secret mlservice-flower
printf "  flower-http.password: '%s'\n" "$(random)"
secret mlservice-admin
printf "  admin.password: '%s'\n" "$(random)"
