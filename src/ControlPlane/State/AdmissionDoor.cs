using System.Collections.Concurrent;
using System.Collections.Immutable;
using Amalgam.ControlPlane.Ports;
using Amalgam.Core;
using Amalgam.Core.Access;
using Amalgam.Core.Allocation;
using Amalgam.Core.Cloud;
using Amalgam.Core.Journal;
using Amalgam.Core.Ledger.Admission;
using Amalgam.Core.Workloads;

namespace Amalgam.ControlPlane.State;

/// <summary>Asks the admission rules where new use begins: submitting a workload, or a request to a model of another customer. Refusals are audited.</summary>
public sealed class AdmissionDoor(Cloud cloud, Pool pool, Fits fits, ICatalogue catalogue)
{
    private const long AuditEveryMs = 3_600_000;
    private const int MostRemembered = 10_000;

    private readonly ConcurrentDictionary<(string Unit, string Model, string Rule), long> _audited = [];

    /// <summary>A decision to submit a workload becomes a refusal, on record, where every class that could run it is closed to its unit.</summary>
    public async Task<Outcome<T>> SubmitAsync<T>(Actor by, Func<CloudState, long, Decision<T>> decide)
    {
        (AdmissionAnswer Answer, WorkloadSpec Spec)? refused = null;
        var outcome = await cloud.ChangeAsync<T>(by, (state, nowMs) =>
        {
            var decision = decide(state, nowMs);
            if (decision.Refusal is null && decision.Events.OfType<WorkloadSubmitted>().FirstOrDefault() is { } submitted && AdmissionView.Of(state, nowMs) is { } rules
                && Refused(state, rules, submitted.Spec, nowMs) is { } answer)
            {
                refused = (answer, submitted.Spec);
                return new Refusal(RefusalCodes.Admission, answer.Text);
            }

            return decision;
        });
        if (refused is { } told)
        {
            await AuditAsync(by, told.Answer, $"{(told.Spec.IsService ? "serve" : "run")} {told.Spec.Name}");
        }

        return outcome;
    }

    /// <summary>The answer for the class that would serve best, when all are refused; else null.</summary>
    public AdmissionAnswer? Refused(CloudState state, AdmissionView rules, WorkloadSpec spec, long nowMs)
    {
        var asked = fits.Speeds(state, spec, pool.Nodes);
        if (asked.IsEmpty || asked.Any(speed => rules.RefusedBy(spec.Unit, speed.ChipClass) is null))
        {
            return null;
        }

        // The alternative may lie outside the chips that were asked for, a simulated one only for a simulated one. Nobody knows how fast a command runs: expected is what the chips promise.
        var best = asked.MaxBy(speed => speed.Millionths).ChipClass;
        var simulated = pool.Nodes.Any(node => node.Simulated && node.ChipClass == best);
        var all = fits.Speeds(state, spec with { Chips = simulated ? [.. pool.Nodes.Select(node => node.ChipClass).Distinct(StringComparer.Ordinal)] : [] }, pool.Nodes);
        return AdmissionAnswer.Of(state, rules, spec.Unit, best, spec.IsService ? all : ExpectedSpeeds.Of(state, best, all.Select(speed => speed.ChipClass), catalogue), nowMs);
    }

    /// <summary>Why a request of this caller may not go to a model: every class that it runs on, or could run on, is closed to the caller's unit. Null = it may.</summary>
    public AdmissionAnswer? Refused(Caller caller, string workloadId) => cloud.Read(state =>
    {
        var nowMs = cloud.NowMs;
        if (AdmissionView.Of(state, nowMs) is not { } rules || state.Workload(workloadId) is not { } workload || IsOwn(state, caller, workload))
        {
            return null;
        }

        var speeds = state.SpeedsOf(workload.Id) ?? [];
        var held = state.OpenLeasesOf(workload.Id).Where(lease => lease.EndingMs is null).Select(lease => lease.ChipClass).Distinct(StringComparer.Ordinal).ToList();
        var classes = held.Count > 0 ? held : [.. speeds.Select(speed => speed.ChipClass)];
        return classes.Count > 0 && classes.TrueForAll(chip => rules.RefusedBy(caller.Unit, chip) is not null) ? AdmissionAnswer.Of(state, rules, caller.Unit, classes[0], speeds, nowMs) : null;
    });

    /// <summary>Null when every replica is open to the caller; else tells which leases are.</summary>
    public Func<CloudState, Lease, bool>? Open(Caller caller, Workload workload) => cloud.Read(state =>
        AdmissionView.Of(state, cloud.NowMs) is null || IsOwn(state, caller, workload) ? null : Remembered(caller.Unit));

    /// <summary>One request asks once per class, however often it looks for a replica.</summary>
    private Func<CloudState, Lease, bool> Remembered(string unit)
    {
        var open = new Dictionary<string, bool>(StringComparer.Ordinal);
        return (state, lease) => open.TryGetValue(lease.ChipClass, out var known)
            ? known
            : open[lease.ChipClass] = AdmissionView.Of(state, cloud.NowMs)?.RefusedBy(unit, lease.ChipClass) is null;
    }

    /// <summary>Records that somebody was told no; the same request of the same unit at most once an hour.</summary>
    public async Task AuditAsync(Actor by, AdmissionAnswer answer, string what)
    {
        var nowMs = cloud.NowMs;
        var key = (answer.Unit, what, answer.Rule.Name);
        var last = _audited.GetValueOrDefault(key);
        if (last != 0 && nowMs - last < AuditEveryMs)
        {
            return;
        }

        if (_audited.Count >= MostRemembered)
        {
            _audited.Clear();
        }

        _audited[key] = nowMs;
        await cloud.ChangeAsync(by, (_, _) => Decide.Yes(true, new AdmissionRefused(answer.Unit, answer.ChipClass, answer.Rule.Name, what, answer.Alternative?.ChipClass)));
    }

    /// <summary>What a customer runs already is no new use, whoever of the customer asks.</summary>
    private static bool IsOwn(CloudState state, Caller caller, Workload workload) =>
        AdmissionView.Customer(state, caller.Unit) == AdmissionView.Customer(state, workload.Spec.Unit) || state.Units.IsWithin(workload.Spec.Unit, caller.Unit);
}
