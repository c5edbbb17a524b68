using Amalgam.ControlPlane.Ports;

namespace Amalgam.Engines.Local;

/// <summary>
/// Ends every process that a member started, wherever it went. Three nets: the process group, the session (while its number is surely the
/// member's own), and the mark in the environment, which a process keeps that moved into a session of its own.
/// </summary>
internal static class Leftovers
{
    private const int Rounds = 25;

    /// <param name="others">Sessions of members that go on: nothing in them is looked at.</param>
    /// <returns>What is still there per member after a quarter of a second of trying: processes that hang in the kernel.</returns>
    public static async ValueTask<IReadOnlyDictionary<Member, string>> EndAsync(
        IReadOnlyCollection<Member> members, IReadOnlyCollection<int> others, string bootId, CancellationToken cancel)
    {
        var byMark = members.ToDictionary(member => member.Launch!.Mark, StringComparer.Ordinal);
        var bySession = members.Where(member => member.OwnsPid(bootId)).ToDictionary(member => member.Launch!.Pid);
        foreach (var pid in bySession.Keys) _ = Posix.Kill(-pid, Posix.SIGKILL);
        for (var round = 1; ; round++)
        {
            var left = KillOnce(byMark, bySession, others);
            if (left.Count == 0 || round == Rounds) return left;
            // A killed process needs a moment to go, and one that was just forked may have been missed.
            await Task.Delay(Math.Min(round, 10), cancel).ConfigureAwait(false);
        }
    }

    private static Dictionary<Member, string> KillOnce(
        Dictionary<string, Member> byMark, Dictionary<int, Member> bySession, IReadOnlyCollection<int> others)
    {
        var left = new Dictionary<Member, string>();
        foreach (var process in ProcessTable.Read().Processes)
        {
            if (process.IsDead || process.Pid == Environment.ProcessId || others.Contains(process.Session)) continue;
            if (!bySession.TryGetValue(process.Session, out var member))
            {
                // Kernel threads have no memory and no environment.
                if (process.ResidentPages == 0 || !ProcessTable.Carries(process.Pid, byMark.Keys, MemberLaunching.MarkVariable, out var mark)) continue;
                member = byMark[mark];
            }

            left[member] = $"process {process.Pid} (state {process.State}) cannot be killed yet";
            _ = Posix.Kill(process.Pid, Posix.SIGKILL);
        }

        return left;
    }
}
