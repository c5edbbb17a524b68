using System.Collections.Immutable;
using Amalgam.ControlPlane.Ports;
using Amalgam.ControlPlane.State;
using Amalgam.Core.Allocation;
using Amalgam.Core.Allocation.Laws;
using Amalgam.Core.Cloud;
using Amalgam.Core.Journal;
using Amalgam.Core.Ledger.Contracts;
using Amalgam.Core.Ledger.Budgets;
using Microsoft.Extensions.Logging;

namespace Amalgam.ControlPlane.Loops;

/// <summary>What changed, plan, events: gives leases and takes them away. Decides nothing itself.</summary>
public sealed partial class PlanLoop(Cloud cloud, Pool pool, Fits fits, ILogger<PlanLoop> logger) : Loop("plan", TimeSpan.FromSeconds(5), logger)
{
    private static readonly Actor Me = Actor.Loop("plan");
    private readonly ILogger _logger = logger;
    private readonly Ratings _ratings = new(fits);
    private readonly PlanInspection _inspection = new();
    private readonly AllocationFeed _feed = Fed(cloud);
    private AllocationHistory? _history;
    private (IReadOnlyList<NodeObservation> Nodes, HashSet<string> Simulated)? _seen;
    private ImmutableArray<string> _lastDecisions = [];

    /// <summary>Set while the cloud stops: nothing new is started.</summary>
    public bool Paused { get; set; }

    protected override TimeSpan NextWait
    {
        get
        {
            var wake = pool.Plan?.NextWakeMs is { } at ? TimeSpan.FromMilliseconds(Math.Max(1, at - cloud.NowMs)) : base.NextWait;
            return wake < base.NextWait ? wake : base.NextWait;
        }
    }

    /// <summary>Violations of the allocator's laws since the start; the last one in words.</summary>
    public long Violations { get; private set; }

    public string? LastViolation { get; private set; }

    /// <summary>How many plans were checked against the whole cloud; every plan is checked in what it changes.</summary>
    public long FullChecks => _inspection.Checked;

    private static AllocationFeed Fed(Cloud cloud)
    {
        var feed = new AllocationFeed();
        cloud.Applied += feed.Apply;
        return feed;
    }

    /// <summary>
    /// The laws are checked by code that shares nothing with the planner. A plan that would lease a device twice or pass a limit is a defect and is not
    /// carried out; a plan that is merely unfair is carried out, counted and shown, because a wrong order is better than no cloud.
    /// </summary>
    private void Guard(AllocationPlan plan, CloudState state)
    {
        var violations = PlanGuard.Check(plan, state, _feed.Devices);
        Count(violations);
        if (violations.Count > 0)
        {
            _feed.Forget();
            throw new InvalidOperationException($"a plan broke {violations[0].Law} and was not carried out: {violations[0].Detail}");
        }
    }

    private void Count(IReadOnlyList<LawViolation> violations)
    {
        foreach (var violation in violations)
        {
            Violations++;
            LastViolation = $"{violation.Law}: {violation.Detail}";
            LogViolation(_logger, violation.Law.ToString(), violation.Detail);
        }
    }

    // Outside the lock: the snapshot does not change any more.
    private void Inspect(AllocationSnapshot snapshot, AllocationPlan plan)
    {
        var violations = _inspection.Check(snapshot, plan);
        Count(violations);
        if (violations.Any(violation => violation.Law == Law.L12))
        {
            cloud.Read(_ =>
            {
                _feed.Forget();
                return true;
            });
        }
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "a plan broke the law {Law}: {Detail}")]
    private static partial void LogViolation(ILogger logger, string law, string detail);

    /// <summary>
    /// What makes this cycle repeatable from the journal alone. Nothing for a cycle that decided nothing, or only said again what still waits for devices to be free.
    /// </summary>
    private IEnumerable<JournalEvent> Recorded(CloudState state, AllocationHistory before, AllocationPlan plan, PlanExecution execution)
    {
        var decisions = DecisionText.Of(plan);
        var news = execution.Events.Count > 0 || !decisions.AsSpan().SequenceEqual(_lastDecisions.AsSpan());
        _lastDecisions = decisions;
        return news && !decisions.IsEmpty ? [new PlanMade(before.Since(state.Owed), decisions, OnlyChanged: true)] : [];
    }

    protected override async Task<string> RunOnceAsync(CancellationToken cancel)
    {
        if (Paused)
        {
            return "paused: the cloud is stopping";
        }

        if (!pool.IsKnown)
        {
            return "waits until every engine has told its nodes";
        }

        var nodes = pool.Nodes;
        var simulated = Simulated(nodes);
        AllocationSnapshot? whole = null;
        // Both changes are queued before either is waited for, so that they share a commit. What comes in between is unrated yet and waits for the next turn.
        var news = cloud.ChangeAsync(Me, (state, nowMs) => Decide.Yes(true, _ratings.News(state, nodes, pool.IsUnseen, nowMs)));
        var planned = cloud.ChangeAsync<PlanExecution>(Me, (state, nowMs) =>
        {
            var history = _history ?? state.Owed;
            whole = _inspection.IsDue ? AllocationInput.Of(state, history, nowMs) : null;
            var plan = _feed.Plan(state, history, nowMs);
            Guard(plan, state);
            var execution = PlanExecution.Of(plan, _feed.Devices, state, simulated);
            return new(execution, [.. Recorded(state, history, plan, execution), .. LeaseFunds.OfStarts(state, execution.Events, nowMs)], null);
        });
        var outcome = await planned;
        if (outcome.Value is not { } done)
        {
            return outcome.Refusal!.Message;
        }

        pool.Plan = done.Plan with { NextWakeMs = cloud.Read(state => AllocationInput.NextChangeMs(state, done.Plan.AtMs, done.Plan.NextWakeMs)) };
        _history = done.Plan.History;
        if (whole is not null)
        {
            Inspect(whole, done.Plan);
        }

        // Last, because nobody who waits for the plan should wait for this to be on disk.
        await news;
        await cloud.ChangeAsync<bool>(Me, (state, nowMs) => Decide.Yes(true, [.. ServiceMeter.News(state, done.Plan, nowMs), .. state.Admission.News(done.Plan.Prices) is { } scarcity ? (JournalEvent[])[scarcity] : []]));
        return $"{done.Started} leases started, {done.Ending} told to end, {done.Plan.Pending.Length} workloads wait{(Violations == 0 ? "" : $"; {Violations} broken laws so far, last {LastViolation}")}";
    }

    private HashSet<string> Simulated(IReadOnlyList<NodeObservation> nodes)
    {
        if (_seen is not { } seen || !ReferenceEquals(seen.Nodes, nodes))
        {
            _seen = seen = (nodes, nodes.Where(node => node.Simulated).Select(node => node.Name).ToHashSet(StringComparer.Ordinal));
        }

        return seen.Simulated;
    }
}
