namespace Amalgam.Engines.Local;

/// <summary>Memory and processor time of all members from one look at the machine's processes.</summary>
internal static class MemberAccounting
{
    public static void Update(ProcessTable table, IReadOnlyList<Member> running, long nowUnixMs)
    {
        var bySession = running.ToDictionary(member => member.Launch!.Pid);
        var pages = new Dictionary<int, long>(running.Count);
        var ticks = new Dictionary<int, long>(running.Count);
        foreach (var process in table.Processes)
        {
            var session = table.SessionOf(process, bySession.Keys);
            if (session == 0) continue;
            pages[session] = pages.GetValueOrDefault(session) + process.ResidentPages;
            ticks[session] = ticks.GetValueOrDefault(session) + process.CpuTicks;
        }

        foreach (var (session, member) in bySession)
        {
            member.ResidentMiB = pages.GetValueOrDefault(session) * Environment.SystemPageSize >> 20;
            member.PeakMiB = Math.Max(member.PeakMiB, member.ResidentMiB);
            // A process that moved away takes its time along; what was counted once stays counted.
            member.CpuMs = Math.Max(member.CpuMs, ticks.GetValueOrDefault(session) * 1000 / ProcessTable.TicksPerSecond);
            member.SeenAliveUnixMs = nowUnixMs;
        }
    }
}
