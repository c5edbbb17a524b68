using System.Text;
using Amalgam.ControlPlane.Ports;
using Amalgam.Engines.Local;

namespace Amalgam.Engines.Slurm;

/// <summary>
/// Hands jobs over to Slurm, several at a time and behind the caller's back: sbatch takes its time. The steps are a protocol; the cloud may die between any two:
/// 1. the folder with what to run; 2. the record without a job id; 3. sbatch; 4. the record with its id. Who finds a record without one asks Slurm for a job with
/// the lease's mark, and only where there is none submits again. Should both arrive, the job's own claim in the folder lets one run.
/// </summary>
internal sealed class SlurmSubmitter(SlurmCommands commands, Lock gate, SharedFiles files, SlurmOptions options) : IAsyncDisposable
{
    public const int AtOnce = 8;

    /// <summary>Limits of accounts and queues pass; what is left is a mistake in what was asked or in the account.</summary>
    private static readonly string[] PassingRefusals = ["Limit", "limit", "temporarily", "not available", "try again", "Draining", "drained", "down"];

    private readonly SemaphoreSlim _places = new(AtOnce, AtOnce);
    private readonly CancellationTokenSource _closed = new();
    private int _running;

    /// <summary>Called outside the gate, for a member that is <see cref="SlurmMember.Submitting"/>: nobody else writes its record until Slurm's answer is there.</summary>
    public void Begin(StartMember command, SlurmMember member, SlurmPart part, SlurmPartition partition, long nowUnixMs)
    {
        member.Folder.Create();
        PrivateFile.Write(Path.Combine(member.Folder.Path, "launch.sh"), Encoding.UTF8.GetBytes(SlurmSubmission.LaunchFile(command, part, member.Folder, options)));
        // There from the beginning, so that a reader can wait for what is written into them.
        PrivateFile.Write(member.Folder.StandardOutput, []);
        PrivateFile.Write(member.Folder.StandardError, []);
        var launch = command.Launch;
        var mark = new JobMark(files.Cloud, command.LeaseId, command.Generation, launch.Devices.Count, part.Name);
        member.Write(new SlurmRecord(
            command.LeaseId, command.Generation, launch.WorkloadId, part.Name, part.Node.Name, part.Node.Address, launch.Devices, launch.NeedsPort, launch.StopSignal,
            SlurmSubmission.Arguments(command, part, partition, mark, member.Folder, options, files.Script), nowUnixMs, 0));
        Submit(member);
    }

    /// <summary>Called under the gate, when Slurm has told all jobs it knows.</summary>
    public void Resolve(SlurmMember member, bool heard)
    {
        if (member.Submitting) return;
        if (!heard && member.Stop is not null)
            member.Write(new EndRecord(MemberPhase.Exited, 143, options.Clock.GetUtcNow().ToUnixTimeMilliseconds(), 0, 0, "stopped before Slurm started it"));
        else if (!heard) Submit(member);
        member.AnswerLost = false;
    }

    public async ValueTask DisposeAsync()
    {
        await _closed.CancelAsync().ConfigureAwait(false);
        while (Volatile.Read(ref _running) > 0) await Task.Delay(10).ConfigureAwait(false);
    }

    private void Submit(SlurmMember member)
    {
        member.Submitting = true;
        Interlocked.Increment(ref _running);
        _ = Task.Run(() => SubmitAsync(member));
    }

    private async Task SubmitAsync(SlurmMember member)
    {
        try
        {
            await _places.WaitAsync(_closed.Token).ConfigureAwait(false);
            try
            {
                var (id, refusal) = await commands.SubmitAsync(member.Record!.Arguments, CancellationToken.None).ConfigureAwait(false);
                if (refusal is null) member.Write(member.Record! with { JobId = id });
                lock (gate) Heard(member, refusal);
            }
            finally
            {
                _places.Release();
            }
        }
        catch (OperationCanceledException)
        {
            // Closed before it was sent: the next control plane finds the record without an id.
        }
        catch (Exception silent) when (silent is SlurmSilentException or IOException or UnauthorizedAccessException)
        {
            lock (gate) (member.AnswerLost, member.Waits, member.Submitting) = (true, silent.Message, false);
        }
        finally
        {
            Interlocked.Decrement(ref _running);
        }
    }

    private static void Heard(SlurmMember member, string? refusal)
    {
        member.Submitting = false;
        if (refusal is null) return;
        var passing = PassingRefusals.Any(word => refusal.Contains(word, StringComparison.Ordinal));
        member.Write(new EndRecord(passing ? MemberPhase.TakenBack : MemberPhase.Refused, null, 0, 0, 0, $"Slurm refused it: {refusal}"));
    }
}
