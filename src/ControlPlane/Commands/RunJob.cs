using System.Collections.Immutable;
using Amalgam.ControlPlane.State;
using Amalgam.Contracts;
using Amalgam.Core;
using Amalgam.Core.Access;
using Amalgam.Core.Cloud;
using Amalgam.Core.Journal;
using Amalgam.Core.Workloads;

namespace Amalgam.ControlPlane.Commands;

/// <summary>`run`: any command as a job.</summary>
public static class RunJob
{
    private const int MaxArguments = 4096;
    private const int MaxCommandBytes = 1 << 20;

    public static Decision<string> Decide(CloudState state, Caller caller, RunRequest request, IReadOnlyCollection<string> knownClasses)
    {
        var spec = Spec(state, caller, request, knownClasses);
        if (spec.Refusal is { } refusal)
        {
            return refusal;
        }

        var id = $"w{state.NextWorkload}";
        return State.Decide.Yes(id, new WorkloadSubmitted(id, spec.Value!));
    }

    /// <summary>Also what `quote run` asks: nothing is changed.</summary>
    public static Outcome<WorkloadSpec> Spec(CloudState state, Caller caller, RunRequest request, IReadOnlyCollection<string> knownClasses)
    {
        var unit = Placement.Unit(state, caller, request.Unit);
        var devices = Amounts.Devices(request.Devices);
        var timeLimit = Amounts.Seconds("the time limit", request.TimeLimitSeconds);
        var declared = Amounts.Seconds("the declared time", request.DeclaredSeconds);
        var maxWait = Amounts.Seconds("the longest wait", request.MaxWaitSeconds);
        var grace = Amounts.Seconds("the grace", request.GraceSeconds);
        var chips = Placement.Chips(request.Chips, knownClasses);
        var wrong = unit.Refusal ?? devices.Refusal ?? timeLimit.Refusal ?? declared.Refusal ?? maxWait.Refusal ?? grace.Refusal ?? chips.Refusal ?? Check(request);
        if (wrong is not null)
        {
            return wrong;
        }

        return new WorkloadSpec
        {
            Name = request.Name ?? DefaultName(request.Command[0], state.NextWorkload),
            Unit = unit.Value!,
            Members = request.Members,
            DevicesMilli = devices.Value,
            Chips = chips.Value!,
            Priority = request.Priority,
            Preemptible = request.Preemptible,
            Resumable = request.Resumable,
            DeclaredMs = declared.Value ?? timeLimit.Value,
            MaxWaitMs = maxWait.Value,
            MemoryMiB = request.MemoryMiB,
            Job = new JobSpec
            {
                Command = [.. request.Command],
                Environment = (request.Environment ?? ImmutableDictionary<string, string>.Empty).ToImmutableSortedDictionary(StringComparer.Ordinal),
                WorkingDirectory = request.WorkingDirectory,
                TimeLimitMs = timeLimit.Value,
                GraceMs = grace.Value ?? 10_000,
            },
        };
    }

    private static Refusal? Check(RunRequest request)
    {
        if (request.Command is null || request.Command.Any(argument => argument is null))
        {
            return Invalid("the command, or an argument of it, is null");
        }

        if (request.Command.Count == 0 || string.IsNullOrWhiteSpace(request.Command[0]))
        {
            return Invalid("there is no command: write it after `--`, for instance `amalgam run -- echo hello`");
        }

        if (request.Command.Count > MaxArguments || request.Command.Sum(argument => argument.Length) > MaxCommandBytes)
        {
            return Invalid($"the command is too long: at most {MaxArguments} arguments and {MaxCommandBytes} characters");
        }

        if (request.Environment?.FirstOrDefault(entry => entry.Value is null || entry.Key.Length == 0 || entry.Key.AsSpan().ContainsAny('=', '\0') || entry.Value.Contains('\0', StringComparison.Ordinal)) is { Key: { } name })
        {
            return Invalid($"'{Names.Clip(name)}' cannot be an environment variable: a name without '=', and a text without NUL");
        }

        if (request.Command.Any(argument => argument.Contains('\0', StringComparison.Ordinal)))
        {
            return Invalid("an argument holds a NUL character");
        }

        if (request.Members is < 1 or > 10_000)
        {
            return Invalid($"members must be between 1 and 10000, not {request.Members}");
        }

        if (request.Priority is < -1000 or > 1000)
        {
            return Invalid($"the priority must be between -1000 and 1000, not {request.Priority}");
        }

        if (request.MemoryMiB < 0)
        {
            return Invalid($"memory must not be negative, not {request.MemoryMiB} MiB");
        }

        return request.Name is null ? null : Names.Check("job", request.Name);
    }

    private static string DefaultName(string command, int number)
    {
        var last = command[(command.LastIndexOf('/') + 1)..];
        var clean = new string([.. last.Where(letter => char.IsAsciiLetterOrDigit(letter) || letter is '.' or '_' or '-').Take(40)]).TrimStart('.', '_', '-');
        return $"{(clean.Length == 0 ? "job" : clean)}-{number}";
    }

    private static Refusal Invalid(string message) => new(RefusalCodes.Invalid, message);
}
