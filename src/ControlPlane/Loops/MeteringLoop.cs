using Amalgam.ControlPlane.State;
using Amalgam.Core.Journal;
using Amalgam.Core.Ledger.Budgets;
using Microsoft.Extensions.Logging;

namespace Amalgam.ControlPlane.Loops;

/// <summary>
/// Charges open leases up to now, so that a bill never hangs on one long lease, and pays those under hard budgets further or ends them. What accrues
/// between two turns is added when a bill is read, and is not lost by a crash: the lease stays open in the journal.
/// </summary>
public sealed class MeteringLoop : Loop
{
    private static readonly Actor Me = Actor.Loop("metering");
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(LeaseFunds.IntervalMs);

    private readonly Cloud _cloud;
    private long _nextMs = long.MaxValue;
    private long _fullMs;
    private volatile bool _budgets;

    public MeteringLoop(Cloud cloud, ILogger<MeteringLoop> logger) : base("metering", Interval, logger)
    {
        _cloud = cloud;
        cloud.Changed += records =>
        {
            foreach (var record in records)
            {
                if (NeedsLook(record.Event))
                {
                    Signal();
                    return;
                }
            }
        };
    }

    /// <summary>The next full turn, or the moment at which a lease has to be paid further, whichever is first.</summary>
    protected override TimeSpan NextWait
    {
        get
        {
            var nowMs = _cloud.NowMs;
            return TimeSpan.FromMilliseconds(Math.Clamp(Math.Min(_nextMs, _fullMs + LeaseFunds.IntervalMs) - nowMs, 1, LeaseFunds.IntervalMs));
        }
    }

    protected override async Task<string> RunOnceAsync(CancellationToken cancel)
    {
        var full = _cloud.NowMs >= _fullMs + LeaseFunds.IntervalMs;
        var outcome = await _cloud.ChangeAsync<MeteringTurn>(Me, (state, nowMs) =>
        {
            var turn = MeteringTurn.Of(state, nowMs, full);
            (_nextMs, _budgets) = (turn.NextMs, !state.Budgets.IsEmpty);
            return Decide.Yes(turn, turn.Events);
        });
        _fullMs = full ? _cloud.NowMs : _fullMs;
        return outcome.Refusal?.Message ?? $"{outcome.Value!.Charged} lease slices charged{(outcome.Value.Ended == 0 ? "" : $", {outcome.Value.Ended} workloads ended by a budget")}";
    }

    /// <summary>Asked for every record: without budgets it must cost nothing.</summary>
    private bool NeedsLook(JournalEvent fact) => fact switch
    {
        BudgetSet => _budgets = true,
        UnitSet or UnitMoved or PriceSet or LeaseFunded => _budgets,
        TokensCharged or LeaseCharged => _budgets && _cloud.Read(state => state.Budgets.AnyDue),
        _ => false,
    };
}
