#!/bin/sh
# One member as a Slurm batch job. $1 is its folder on the shared file system.
folder=$1
# One lease is one run: a job that was submitted twice, or that Slurm started again, finds the claim of the first and leaves.
mkdir "$folder/claim" 2>/dev/null || exit 0
: >"$folder/claim/${SLURM_JOB_ID:-0}"
end() { { echo "$1"; times; } >"$folder/exit.new" && mv -f "$folder/exit.new" "$folder/exit"; }
trap : HUP INT
trap 'end 143; exit 143' TERM
# Environment, then the command as this shell's arguments. It wants the port, so that is found first.
port=$((21000 + (${SLURM_JOB_ID:-0} * 7919) % 11000))
while grep -qi ":$(printf %04X "$port") [0-9A-F]*:0000 0A" /proc/net/tcp /proc/net/tcp6 2>/dev/null; do port=$((port + 1)); done
# The devices that Slurm gave, for chips whose variable Slurm does not set itself.
given=${SLURM_JOB_GPUS:-}
. "$folder/launch.sh"
if [ -z "$given" ] && [ -n "${AMALGAM_GRES:-}" ]; then
  given=$(scontrol show job -d -o "$SLURM_JOB_ID" 2>/dev/null | sed -n 's/.* GRES=[^ ]*(IDX:\([0-9,-]*\)).*/\1/p')
fi
list='' units=''
for part in $(echo "$given" | tr , ' '); do
  at=${part%-*}
  while [ "$at" -le "${part#*-}" ]; do
    list=$list${list:+,}$at
    units=$units${units:+,}$((at * ${AMALGAM_DEVICE_UNITS:-1}))-$(((at + 1) * ${AMALGAM_DEVICE_UNITS:-1} - 1))
    at=$((at + 1))
  done
done
[ "${AMALGAM_DEVICE_UNITS:-1}" = 1 ] && units=$list
for name in ${AMALGAM_DEVICE_VARIABLES:-}; do
  eval "known=\${$name-}"
  [ -n "$known" ] || [ -z "$units" ] || export "$name=$units"
done
[ -z "$list" ] || export AMALGAM_DEVICES="$list"
unset AMALGAM_DEVICE_VARIABLES AMALGAM_DEVICE_UNITS AMALGAM_GRES
# A gang begins when all of its members are there: each leaves its address and waits for the others.
if [ -n "${AMALGAM_GANG:-}" ]; then
  mkdir -p "$AMALGAM_GANG"
  echo "$AMALGAM_ADDRESS" >"$AMALGAM_GANG/.$AMALGAM_MEMBER" && mv "$AMALGAM_GANG/.$AMALGAM_MEMBER" "$AMALGAM_GANG/$AMALGAM_MEMBER"
  until [ "$(ls "$AMALGAM_GANG" | wc -l)" -ge "$AMALGAM_MEMBERS" ]; do sleep 0.2; done
  MASTER_ADDR=$(cat "$AMALGAM_GANG/0")
  export MASTER_ADDR
fi
echo "$port" >"$folder/port.new" && mv -f "$folder/port.new" "$folder/port"
# From here on this shell only outlives the stop signal, to write the end down.
trap : TERM
(
  echo started >"$folder/exit"
  cd -- "$AMALGAM_WORK" || exit 126
  unset AMALGAM_WORK AMALGAM_GANG
  exec "$@"
)
code=$?
end $code
exit $code
