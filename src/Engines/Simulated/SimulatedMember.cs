using System.Globalization;
using System.Text.Json.Serialization;
using Amalgam.ControlPlane.Ports;

namespace Amalgam.Engines.Simulated;

/// <summary>
/// All that is known of a simulated member. Its state at any moment follows from this and the time, so nothing has to run while nobody looks,
/// and a control plane that comes back finds it as far as it would be.
/// </summary>
/// <param name="RunsMs">How long it runs by itself; null = until it is stopped.</param>
/// <param name="StoppedAtUnixMs">When the stop signal was sent.</param>
internal sealed record SimulatedMember(
    string LeaseId,
    long Generation,
    string Node,
    long StartedAtUnixMs,
    long? RunsMs,
    int ExitCode,
    bool IgnoresStop,
    string Says,
    bool Started = true,
    long? StoppedAtUnixMs = null,
    long? KilledAtUnixMs = null,
    long? LostAtUnixMs = null)
{
    /// <summary>
    /// What a command would do: `sleep N`, `true` and `false` as everywhere; `simulate [--seconds S] [--exit N] [--ignore-stop] [TEXT…]` as it
    /// says; a replica runs until it is stopped, and any other command for the fleet's `job_seconds`.
    /// </summary>
    public static SimulatedMember Of(StartMember start, SimulatedFleet fleet, long nowUnixMs)
    {
        var command = start.Launch.Command;
        var program = command.Count == 0 ? "" : Path.GetFileName(command[0]);
        double? seconds = start.Launch.NeedsPort ? null : fleet.JobSeconds;
        var (code, ignores, says) = (0, false, new List<string>());
        if (program is "true" or "false") (seconds, code) = (0, program == "true" ? 0 : 1);
        if (program == "sleep" && command.Count == 2) seconds = Number(command[1]);
        if (program == "simulate")
            for (var i = 1; i < command.Count; i++)
                switch (command[i])
                {
                    case "--seconds" when i + 1 < command.Count: seconds = Number(command[++i]); break;
                    case "--exit" when i + 1 < command.Count: code = (int)Number(command[++i]) & 255; break;
                    case "--ignore-stop": ignores = true; break;
                    default: says.Add(command[i]); break;
                }

        return new SimulatedMember(
            start.LeaseId, start.Generation, start.Launch.Node, nowUnixMs, seconds is null ? null : (long)(seconds.Value * 1000 / fleet.Speed), code, ignores, string.Join(' ', says));
    }

    /// <summary>Of a lease whose stop came before its start.</summary>
    public static SimulatedMember NeverStarted(StopMember stop, long nowUnixMs) =>
        new(stop.LeaseId, stop.Generation, "", nowUnixMs, 0, 143, false, "", Started: false);

    public MemberObservation At(long nowUnixMs)
    {
        var (endedAt, code, detail) = End();
        if (LostAtUnixMs is { } lostAt && lostAt <= endedAt)
            return Seen(MemberPhase.Lost, null, lostAt, $"simulated: node {Node} failed");
        if (endedAt <= nowUnixMs) return Seen(MemberPhase.Exited, code, endedAt, detail);
        return Seen(StoppedAtUnixMs is null ? MemberPhase.Running : MemberPhase.Stopping, null, null, "simulated: no program runs");
    }

    /// <summary>The earliest of: its own end, the stop it heard, the kill.</summary>
    private (long AtUnixMs, int Code, string Detail) End()
    {
        var end = (At: RunsMs is { } runs ? StartedAtUnixMs + runs : long.MaxValue, Code: ExitCode, Detail: Started ? "simulated" : "stopped before it was started");
        if (KilledAtUnixMs is { } killed && killed < end.At) end = (killed, 137, "simulated: killed when its grace was over");
        // A replica ends well when it is asked to; a job ends by the signal.
        if (StoppedAtUnixMs is { } stopped && !IgnoresStop && stopped < end.At) end = (stopped, RunsMs is null ? 0 : 143, "simulated: stopped");
        return end;
    }

    private MemberObservation Seen(MemberPhase phase, int? code, long? endedAt, string detail) =>
        new(LeaseId, Generation, phase, null, code, StartedAtUnixMs, endedAt, 0, 0, detail);

    private static double Number(string text) =>
        double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) && number is >= 0 and < 1e9
            ? number : throw new EngineException($"'{text}' is not a number of seconds or an exit code that a simulated member understands");
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(SimulatedMember))]
internal sealed partial class SimulatedMemberJson : JsonSerializerContext;
