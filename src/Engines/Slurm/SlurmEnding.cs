using Amalgam.ControlPlane.Ports;
using Amalgam.Engines.Local;

namespace Amalgam.Engines.Slurm;

/// <summary>Notes how members end, and tells Slurm which jobs must hear a signal or go. Under the engine's gate but for the telling.</summary>
internal sealed class SlurmEnding(SlurmCommands commands, SlurmOptions options)
{
    /// <summary>A kill that was not heard is said again.</summary>
    private const long KillAgainMs = 3_000;

    private readonly HashSet<long> _cancel = [], _kill = [];
    private readonly Dictionary<string, List<SlurmMember>> _signals = new(StringComparer.Ordinal);

    public void Superfluous(IEnumerable<SlurmJob> jobs) => _cancel.UnionWith(jobs.Select(job => job.Id));

    public void Judge(SlurmMember member, bool knows, long nowUnixMs)
    {
        var verdict = SlurmVerdict.Of(member, member.Folder.ReadExit(), knows, nowUnixMs, options.StartWithin);
        member.Waits = verdict.Waits ?? (knows ? null : member.Waits);
        // A job may begin just when it is given up: whoever has the claim decides.
        if (verdict.End is { Phase: MemberPhase.TakenBack } && member.StartedAtUnixMs == 0 && !member.TryClaim()) return;
        if (verdict.Cancel && member.Job is { } job) _cancel.Add(job.Id);
        if (verdict.End is { } end) member.Write(end with { Detail = end.Detail ?? (member.Killed ? "killed" : null) });
        else if (member.Stop is { } stop) Continue(member, stop, nowUnixMs);
    }

    private void Continue(SlurmMember member, StopRecord stop, long nowUnixMs)
    {
        // Only a job that Slurm shows under the lease's mark: a controller that lost its memory gives numbers out again.
        if (member.Record is not { } record || member.Job is not { IsOver: false } job) return;
        var overdue = stop.DeadlineUnixMs <= nowUnixMs;
        // Before its shell has begun there is nothing to hear a signal, so Slurm would only forget it.
        if (!overdue && !stop.Signalled && member.StartedAtUnixMs > 0 && member.Folder.HearsSignals())
            (_signals.TryGetValue(record.StopSignal, out var list) ? list : _signals[record.StopSignal] = []).Add(member);
        if (!overdue || nowUnixMs - member.KilledAtUnixMs < KillAgainMs) return;
        // A signal ends what runs at once, a cancelled job would be asked and given time first; what waits in the queue, or does not die, is cancelled.
        if (member.Killed || job.IsPending) _cancel.Add(job.Id);
        if (!job.IsPending) _kill.Add(job.Id);
        (member.Killed, member.KilledAtUnixMs) = (true, nowUnixMs);
    }

    /// <summary>Says it all in as few commands as there are signals. What Slurm does not hear is said again at the next look.</summary>
    public async Task CarryOutAsync(Lock gate, CancellationToken cancel)
    {
        List<long> cancelled, killed;
        Dictionary<string, List<SlurmMember>> signals;
        lock (gate)
        {
            (cancelled, killed, signals) = ([.. _cancel], [.. _kill], new(_signals, StringComparer.Ordinal));
            _cancel.Clear();
            _kill.Clear();
            _signals.Clear();
        }

        try
        {
            foreach (var (signal, members) in signals)
            {
                await commands.SignalAsync(signal[3..], members.Select(member => member.Job?.Id ?? 0).Where(id => id > 0), cancel).ConfigureAwait(false);
                lock (gate)
                    foreach (var member in members.Where(member => member is { End: null, Stop: not null }))
                    {
                        member.Stop = member.Stop! with { Signalled = true };
                        member.Folder.Write(member.Stop);
                    }
            }

            if (killed.Count > 0) await commands.SignalAsync("KILL", killed, cancel).ConfigureAwait(false);
            if (cancelled.Count > 0) await commands.CancelAsync(cancelled, cancel).ConfigureAwait(false);
        }
        catch (SlurmSilentException)
        {
            // Slurm is silent: members are asked about again as soon as it speaks.
        }
    }
}
