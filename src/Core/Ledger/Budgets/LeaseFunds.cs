using Amalgam.Core.Cloud;
using Amalgam.Core.Journal;
using Amalgam.Core.Workloads;

namespace Amalgam.Core.Ledger.Budgets;

/// <summary>
/// Device time under hard budgets: a lease runs while its next interval is set aside, its way out included. It begins with at least
/// <see cref="LeastMs"/> beside that; when no more can be set aside it is told to end in time to be gone when the money is.
/// </summary>
public static class LeaseFunds
{
    /// <summary>What is set aside ahead, if there is that much.</summary>
    public const long IntervalMs = 60_000;

    /// <summary>Less than this is not worth a start.</summary>
    public const long LeastMs = 10_000;

    /// <summary>From being told to end until the engine has seen that it has ended, beside the workload's own grace.</summary>
    private const long SlackMs = 5_000;

    /// <summary>What the end of a member takes at most, from the moment it is told.</summary>
    public static long WayOutMs(WorkloadSpec spec) => (spec.Job?.GraceMs ?? (spec.Service?.GraceMs ?? 0) + 5_000) + SlackMs;

    /// <summary>
    /// What a plan's starts become: beside each lease under a hard budget stands what it sets aside. A gang that cannot be paid whole, or a replica that cannot,
    /// is left out and planned again, then with the budget in its way.
    /// </summary>
    public static List<JournalEvent> OfStarts(CloudState state, IReadOnlyList<JournalEvent> events, long nowMs)
    {
        if (state.Budgets.IsEmpty)
        {
            return [.. events];
        }

        var draft = new BudgetDraft(state.Budgets, nowMs);
        var funds = new Dictionary<string, LeaseFunded>(StringComparer.Ordinal);
        var refused = new HashSet<string>(StringComparer.Ordinal);
        foreach (var gang in events.OfType<LeaseStarted>().GroupBy(Together(state), StringComparer.Ordinal))
        {
            var paid = gang.Where(start => state.Budgets.Binds(start.Lease.Unit, start.Lease.ChipClass)).Select(start => (start.Lease, Fund: First(state, start.Lease, draft, nowMs))).ToList();
            if (paid.Exists(item => item.Fund is null))
            {
                refused.UnionWith(gang.Select(start => start.Lease.Id));
                paid.Where(item => item.Fund is not null).ToList().ForEach(item => draft.Give(item.Lease.Unit, Held(item.Lease, item.Fund!)));
            }
            else
            {
                paid.ForEach(item => funds[item.Lease.Id] = item.Fund!);
            }
        }

        return [.. events.Where(fact => fact is not LeaseStarted start || !refused.Contains(start.Lease.Id))
            .SelectMany(fact => fact is LeaseStarted start && funds.TryGetValue(start.Lease.Id, out var fund) ? [fact, fund] : (JournalEvent[])[fact])];
    }

    /// <summary>
    /// How far a lease charged to <paramref name="nowMs"/> can be paid for: to <paramref name="untilMs"/>, or as far as there is money; null if not beyond
    /// <paramref name="nowMs"/>. What it had set aside must have been given back to the draft.
    /// </summary>
    public static LeaseFunded? Reach(CloudState state, Lease lease, BudgetDraft draft, long nowMs, long untilMs)
    {
        var (low, high) = (nowMs, untilMs);
        if (TryTake(state, lease, draft, high) is { } whole)
        {
            return whole;
        }

        // Cost grows with time, so the farthest instant is found by halving.
        while (high - low > 1)
        {
            var middle = low + ((high - low) / 2);
            if (TryTake(state, lease, draft, middle) is { } taken)
            {
                draft.Give(lease.Unit, Held(lease, taken));
                low = middle;
            }
            else
            {
                high = middle;
            }
        }

        return low == nowMs ? null : TryTake(state, lease, draft, low);
    }

    /// <summary>What a start sets aside at least, for one member.</summary>
    public static BudgetUse Least(CloudState state, WorkloadSpec spec, string chipClass, long nowMs)
    {
        var lease = new Lease
        {
            Id = "l0", WorkloadId = "w0", Unit = spec.Unit, Member = 0, Node = "", ChipClass = chipClass, Devices = [0], MilliPerDevice = spec.DevicesMilli, FromMs = nowMs, ChargedToMs = nowMs,
        };
        var toMs = nowMs + WayOutMs(spec) + LeastMs;
        return new BudgetUse(Cost(state, lease, toMs), chipClass, (toMs - nowMs) * spec.DevicesMilli);
    }

    public static BudgetUse Held(Lease lease, LeaseFunded fund) => new(fund.HeldNano, lease.ChipClass, (fund.ToMs - lease.ChargedToMs) * lease.MilliDevices);

    private static Func<LeaseStarted, string> Together(CloudState state) => start => state.Workload(start.Lease.WorkloadId)!.Spec.IsService ? start.Lease.Id : start.Lease.WorkloadId;

    private static LeaseFunded? First(CloudState state, Lease lease, BudgetDraft draft, long nowMs)
    {
        var wayOutMs = WayOutMs(state.Workload(lease.WorkloadId)!.Spec);
        var fund = Reach(state, lease, draft, nowMs, nowMs + IntervalMs + wayOutMs);
        if (fund is null || fund.ToMs >= nowMs + wayOutMs + LeastMs)
        {
            return fund;
        }

        draft.Give(lease.Unit, Held(lease, fund));
        return null;
    }

    private static LeaseFunded? TryTake(CloudState state, Lease lease, BudgetDraft draft, long toMs)
    {
        var fund = new LeaseFunded(lease.Id, toMs, Cost(state, lease, toMs));
        return draft.TryTake(lease.Unit, Held(lease, fund)) ? fund : null;
    }

    private static long Cost(CloudState state, Lease lease, long toMs)
    {
        var nano = 0L;
        foreach (var slice in LeaseMetering.Rated(state, lease, toMs))
        {
            nano = checked(nano + slice.AmountNano);
        }

        return nano;
    }
}
