using Amalgam.Core.Cloud;
using Amalgam.Core.Journal;
using Amalgam.Core.Ledger.Pricing;
using Amalgam.Core.Workloads;

namespace Amalgam.Core.Ledger.Budgets;

/// <summary>
/// One turn of the meter: open leases are charged up to now, those under a hard budget set their next interval aside or are told to end, requests that
/// nobody speaks for are closed, alerts are told.
/// </summary>
public sealed class MeteringTurn
{
    /// <summary>A lease that could be paid for less than this is ended now: it would be looked after again and again for nothing.</summary>
    private const long LeastStepMs = 500;

    private readonly CloudState _state;
    private readonly long _nowMs;
    private readonly BudgetDraft _draft;
    private readonly Rater _rater;
    private readonly HashSet<string> _ending = new(StringComparer.Ordinal);

    private MeteringTurn(CloudState state, long nowMs) => (_state, _nowMs, _draft, _rater) = (state, nowMs, new BudgetDraft(state.Budgets, nowMs), state.Rater());

    public List<JournalEvent> Events { get; } = [];

    public int Charged { get; private set; }

    /// <summary>Workloads that no budget pays for any longer.</summary>
    public int Ended => _ending.Count;

    /// <summary>The next instant at which a lease must be paid further or told to end.</summary>
    public long NextMs { get; private set; } = long.MaxValue;

    /// <param name="charge">False = only what cannot wait: leases whose time is nearly over are looked after, the others are charged at the next full turn.</param>
    public static MeteringTurn Of(CloudState state, long nowMs, bool charge = true)
    {
        ArgumentNullException.ThrowIfNull(state);
        var turn = new MeteringTurn(state, nowMs);
        foreach (var lease in state.OpenLeases)
        {
            turn.Meter(lease, charge);
        }

        if (charge)
        {
            turn.Events.AddRange(Standing.Due(state, turn._rater, nowMs));
        }

        turn.Events.AddRange(RequestRules.Expired(state, nowMs));
        turn.Events.AddRange(Alerts(state));
        return turn;
    }

    public static IEnumerable<JournalEvent> Alerts(CloudState state) => state.Budgets.Due.SelectMany(counter =>
        counter.DueAlerts().Select(percent => new BudgetAlerted(counter.Budget.Id, counter.FromMs, percent, counter.Spent)));

    private void Meter(Lease lease, bool charge)
    {
        var bound = _state.Budgets.Binds(lease.Unit, lease.ChipClass);
        var held = _state.Budgets.Held.Lease(lease.Id);
        if (!charge && !(bound && IsDue(lease, held)))
        {
            Wake(lease, held);
            return;
        }

        var slices = LeaseMetering.Slices(_state, lease, _nowMs, _draft, _rater);
        Events.AddRange(slices.Select(slice => new LeaseCharged(slice)));
        Charged += slices.Count;
        if (bound || held is not null)
        {
            Fund(lease with { ChargedToMs = Math.Max(_nowMs, lease.ChargedToMs) }, Left(held, slices), bound);
        }
    }

    private bool IsDue(Lease lease, LeaseFunding? held) => held is null || (lease.EndingMs is null && held.ToMs - WayOutMs(lease) <= _nowMs);

    /// <summary>What is still set aside when these slices are charged.</summary>
    private static BudgetUse Left(LeaseFunding? held, List<LeaseSlice> slices)
    {
        if (held is null)
        {
            return default;
        }

        var charged = slices.Where(slice => slice.PriceVersion != LeaseMetering.Unfunded).ToList();
        return new BudgetUse(
            Math.Max(0, held.HeldNano - charged.Sum(slice => slice.AmountNano)), held.ChipClass,
            Math.Max(0, held.HeldMilliDeviceMs - charged.Sum(slice => (slice.ToMs - slice.FromMs) * slice.MilliDevices)));
    }

    private void Fund(Lease lease, BudgetUse held, bool bound)
    {
        _draft.Give(lease.Unit, held);
        var wayOutMs = WayOutMs(lease);
        var until = lease.EndingMs is { } ending ? Math.Max(_nowMs + 1, ending + wayOutMs) : _nowMs + LeaseFunds.IntervalMs + wayOutMs;
        var fund = bound ? LeaseFunds.Reach(_state, lease, _draft, _nowMs, until) : new LeaseFunded(lease.Id, _nowMs, 0);
        Events.Add(fund ?? new LeaseFunded(lease.Id, _nowMs, 0));
        if (!bound || lease.EndingMs is not null)
        {
            return;
        }

        var tell = (fund?.ToMs ?? _nowMs) - wayOutMs;
        if (tell <= _nowMs + LeastStepMs)
        {
            End(lease.WorkloadId);
        }
        else
        {
            NextMs = Math.Min(NextMs, tell);
        }
    }

    private void Wake(Lease lease, LeaseFunding? held)
    {
        if (held is not null && lease.EndingMs is null)
        {
            NextMs = Math.Min(NextMs, held.ToMs - WayOutMs(lease));
        }
    }

    /// <summary>A gang ends whole; of a service every replica is told when its own time comes, which is the same turn.</summary>
    private void End(string workloadId)
    {
        if (_ending.Add(workloadId))
        {
            Events.AddRange(_state.OpenLeasesOf(workloadId).Where(lease => lease.EndingMs is null).Select(lease => new LeaseEnding(lease.Id, LeaseEnd.Budget, null)));
        }
    }

    private long WayOutMs(Lease lease) => LeaseFunds.WayOutMs(_state.Workload(lease.WorkloadId)!.Spec);
}
