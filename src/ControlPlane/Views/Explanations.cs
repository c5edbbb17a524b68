using System.Globalization;
using Amalgam.ControlPlane.Ports;
using Amalgam.ControlPlane.State;
using Amalgam.Contracts;
using Amalgam.Core.Allocation;
using Amalgam.Core.Cloud;
using Amalgam.Core.Ledger;
using Amalgam.Core.Ledger.Admission;
using Amalgam.Core.Workloads;

namespace Amalgam.ControlPlane.Views;

/// <summary>`explain`: why a workload is where it is, or why it waits and what would start it. `quote`: the same before it exists.</summary>
public sealed class Explanations(Pool pool, Fits fits, ICatalogue catalogue)
{
    private const string QuoteId = "quote";

    public ExplainView Explain(CloudState state, Workload workload, long nowMs)
    {
        var pending = pool.Pending(workload.Id);
        var phase = state.Phase(workload);
        var waits = phase == WorkloadPhase.Waiting;
        return new ExplainView
        {
            Id = workload.Id,
            Name = workload.Spec.Name,
            Phase = WorkloadViews.Kebab(phase.ToString()),
            Reason = waits && pending is not null ? PendingReasons.Code(pending.Reason) : null,
            Explanation = Sentence(state, workload, phase, pending, nowMs),
            SmallestChange = waits ? pending?.SmallestChange : null,
            Remedy = waits ? Remedy(pending) : null,
            PlannedStart = waits && pending?.PlannedStartMs is { } at ? WorkloadViews.Time(at) : null,
            Chips = Considered(state, workload.Spec),
            History = [.. History(state, workload)],
        };
    }

    /// <summary>Plans once more with the asked workload added; nothing is changed.</summary>
    public QuoteView Quote(CloudState state, WorkloadSpec spec, long nowMs)
    {
        var asked = new Workload { Id = QuoteId, Spec = spec, SubmittedMs = nowMs, SubmittedBy = QuoteId, Wanted = Math.Max(1, spec.Service?.MinReplicas ?? spec.Members) };
        var snapshot = AllocationInput.Of(state, pool.Plan?.History ?? AllocationHistory.Empty, nowMs);
        var demand = AllocationInput.Demand(state, asked, fits.Speeds(state, spec, pool.Nodes), nowMs, AdmissionView.Of(state, nowMs))!;
        var plan = Allocator.Plan(snapshot with { Workloads = snapshot.Workloads.Add(demand) });
        var start = plan.Decisions.OfType<StartDecision>().FirstOrDefault(decision => decision.WorkloadId == QuoteId);
        var pending = plan.Pending.Find(QuoteId);
        var chips = Considered(state, spec);
        var chosen = start is null ? null : snapshot.Nodes.First(node => node.Name == start.Members[0].Node).ChipClass;
        var displaced = plan.Decisions.Count(decision => decision is EvictDecision evict && evict.BeneficiaryId == QuoteId);
        return new QuoteView
        {
            What = spec.IsService ? $"{spec.Name}: {Count(asked.Wanted, "replica")} of {Count(spec.DevicesMilli / 1000m, "device")}" : $"{spec.Name}: {Count(spec.Members, "member")} of {Count(spec.DevicesMilli / 1000m, "device")}",
            ChipClass = chosen,
            Why = start is null ? pending?.Detail ?? "no chip of this cloud can run it" : Why(chosen!, chips, displaced),
            Start = start is not null ? WorkloadViews.Time(nowMs) : pending?.PlannedStartMs is { } at ? WorkloadViews.Time(at) : null,
            WaitReason = pending is null ? null : PendingReasons.Code(pending.Reason),
            SmallestChange = pending?.SmallestChange,
            Remedy = Remedy(pending),
            PricePerHour = start is null ? null : PerHour(state, spec.Unit, start, snapshot, nowMs),
            Currency = state.Currency,
            Chips = chips,
        };
    }

    private static RemedyView? Remedy(PendingWorkload? pending) =>
        pending?.Remedy is { } raise ? new(RemedyView.RaiseLimit, raise.Unit, raise.ChipClass, raise.Milli / 1000m) : null;

    private static string Count(decimal number, string what) => string.Create(CultureInfo.InvariantCulture, $"{number:0.###} {what}{(number is > 0 and <= 1 ? "" : "s")}");

    private static string PerHour(CloudState state, string unit, StartDecision start, AllocationSnapshot snapshot, long nowMs)
    {
        var classes = snapshot.Nodes.ToDictionary(node => node.Name, node => node.ChipClass, StringComparer.Ordinal);
        var nano = start.Members.Sum(member =>
            Rating.SpanNano(0, 0, 3_600_000, member.Devices.Length * member.MilliPerDevice, state.Tariffs.Device(unit, classes[member.Node], nowMs).Rates.DeviceHour));
        return Nano.Format(nano);
    }

    private static string Why(string chosen, IReadOnlyList<ChipConsidered> chips, int displaced)
    {
        var others = chips.Count(chip => chip.Fits && chip.ChipClass != chosen);
        var speed = chips.First(chip => chip.ChipClass == chosen).Speed;
        var why = others == 0 ? "it is the only class here that can run it"
            : speed is null or 1 ? $"the best of {others + 1} classes that can run it, and free"
            : $"{speed:0.##} of the best speed; the faster classes are worth more to others now, or taken";
        return displaced == 0 ? why : $"{why}; {Count(displaced, "workload")} with a lesser claim make{(displaced == 1 ? "s" : "")} room";
    }

    private List<ChipConsidered> Considered(CloudState state, WorkloadSpec spec)
    {
        var classes = fits.Considered(state, spec, pool.Nodes);
        var rules = AdmissionView.Of(state, state.LastAtMs);
        var best = classes.Where(chip => chip.Fit.Fits).Select(chip => chip.Rate).DefaultIfEmpty(0).Max();
        return [.. classes.Select(chip => new ChipConsidered
        {
            ChipClass = chip.ChipClass,
            Fits = chip.Fit.Fits && rules?.RefusedBy(spec.Unit, chip.ChipClass) is null,
            Why = chip.Fit.Fits && rules?.RefusedBy(spec.Unit, chip.ChipClass) is { } rule ? $"the rule {rule.Name} keeps {spec.Unit} from it: {rule.Message}" : chip.Fit.Why,
            Simulated = pool.Nodes.Any(node => node.Simulated && node.ChipClass == chip.ChipClass),
            Runtime = chip.Fit.Runtime,
            Speed = chip.Fit.Fits && best > 0 ? Math.Round(chip.Rate / best, 3) : null,
            TokensPerSecond = chip.TokensPerSecond,
            EstimatedMemoryMiB = chip.Fit.EstimatedMemoryMiB > 0 ? chip.Fit.EstimatedMemoryMiB : null,
            DeviceMemoryMiB = chip.DeviceMemoryMiB > 0 ? chip.DeviceMemoryMiB : null,
            PricePerDeviceHour = Nano.Format(state.Tariffs.Device(spec.Unit, chip.ChipClass, state.LastAtMs).Rates.DeviceHour),
            PricePerMillionOutputTokens = spec.IsService ? Nano.Format(state.Tariffs.Tokens(spec.Unit, spec.Name, chip.ChipClass, state.LastAtMs).Rates.Output) : null,
        })];
    }

    private string Sentence(CloudState state, Workload workload, WorkloadPhase phase, PendingWorkload? pending, long nowMs)
    {
        var leases = state.OpenLeasesOf(workload.Id).ToList();
        var places = string.Join(", ", leases.GroupBy(lease => lease.ChipClass).Select(group => $"{group.Sum(lease => lease.MilliDevices) / 1000m} x {catalogue.Chip(group.Key)?.Name ?? group.Key}{(group.First().Simulated ? " (simulated)" : "")}"));
        return phase switch
        {
            WorkloadPhase.Ended => $"It ended: {workload.Detail}.",
            WorkloadPhase.Stopping => $"It was told to stop; {Count(leases.Count, "member")} still to end.",
            WorkloadPhase.Running when leases.TrueForAll(lease => !pool.Sight(lease.Id).Ready) && workload.Spec.IsService =>
                $"It holds {places} and is starting: {leases.Select(lease => pool.Sight(lease.Id).Trouble).FirstOrDefault(trouble => trouble is not null) ?? "the runtime loads the model"}.",
            WorkloadPhase.Running when leases.Select(lease => pool.Sight(lease.Id).Observation).FirstOrDefault(seen => seen is { Phase: MemberPhase.Queued }) is { } queued =>
                $"It was given {places}; {queued.Detail ?? "the engine's own scheduler has not started it yet"}.",
            WorkloadPhase.Running => $"It runs on {places}.",
            _ when workload.Spec.IsService && workload.Wanted == 0 => "Nobody uses it now; the first request starts a replica.",
            _ when nowMs < workload.NotBeforeMs => $"It starts again in {(workload.NotBeforeMs - nowMs + 999) / 1000} s: {workload.Detail}.",
            _ when pending?.Detail is { } detail => detail + Unusable(workload.Spec),
            _ => "It was submitted a moment ago and is planned in the next cycle.",
        };
    }

    /// <summary>What keeps devices that it could use from being used, in the engines' own words; empty = nothing does.</summary>
    private string Unusable(WorkloadSpec spec)
    {
        var problems = pool.Nodes.Where(node => spec.Chips.IsEmpty || spec.Chips.Contains(node.ChipClass))
            .SelectMany(node => node.Devices, (node, device) => (node.Machine, device.Healthy, device.Problem)).Where(device => !device.Healthy && device.Problem is not null)
            .GroupBy(device => (device.Machine, device.Problem)).ToList();
        var told = problems.Take(3).Select(group => $"{Count(group.Count(), "device")} of {group.Key.Machine} {(group.Count() == 1 ? "is" : "are")} out of use: {group.Key.Problem}").ToList();
        return told.Count == 0 ? "" : $" {string.Join("; ", told)}{(problems.Count > 3 ? $"; and on {problems.Count - 3} more nodes" : "")}.";
    }

    private static IEnumerable<HistoryLine> History(CloudState state, Workload workload)
    {
        yield return new(WorkloadViews.Time(workload.SubmittedMs), $"submitted by {workload.SubmittedBy} in {state.Units.Path(workload.Spec.Unit)}");
        foreach (var lease in state.LeasesOf(workload.Id).TakeLast(40))
        {
            yield return new(WorkloadViews.Time(lease.FromMs), $"{lease.Id}: member {lease.Member} got {lease.ChipClass} {string.Join(',', lease.Devices)} on {lease.Node}{(lease.Simulated ? " (simulated)" : "")}");
            if (lease.ToMs is { } to)
            {
                yield return new(WorkloadViews.Time(to), $"{lease.Id}: {WorkloadViews.Kebab(lease.EndedBecause!.Value.ToString())}{(lease.ExitCode is { } code ? $", exit code {code}" : "")}{(lease.Detail is null ? "" : $" ({lease.Detail})")}");
            }
        }

        if (workload.EndedMs is { } ended)
        {
            yield return new(WorkloadViews.Time(ended), $"{WorkloadViews.Text(workload.Result!.Value)}: {workload.Detail}");
        }
    }
}
