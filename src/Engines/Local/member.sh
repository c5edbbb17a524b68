folder=$1 work=$2; shift 2
# A signal that is caught here is back to its default in the command: only this shell outlives the stop signal, to write the end down.
trap : HUP INT TERM
(
  # From here on a signal does what it does to any program. Before, it would be caught and lost: the engine waits for this word.
  echo started 1<>"$folder/exit"
  cd -- "$work" || exit 126
  # Short of memory, the kernel takes a member before it takes the cloud.
  echo 300 2>/dev/null >/proc/self/oom_score_adj
  exec "$@"
)
code=$?
# Written over blocks that exist since the start, so that a full disk cannot lose it. The file's time is the time of the end.
{ echo "$code"; times; } 1<>"$folder/exit"
# What the command left behind in its group ends with it.
kill -KILL 0
