using Amalgam.Core.Allocation.Order;

namespace Amalgam.Core.Allocation.Cycle;

/// <summary>Keys of the order inside a unit, at the instant of the cycle.</summary>
internal sealed class KeyTable
{
    private readonly long _nowMs;
    private readonly long _drainMs;

    public KeyTable(PlanningState state)
    {
        _nowMs = state.NowMs;
        Int128 capacity = 0;
        foreach (var stock in state.Stocks)
        {
            capacity += stock.CapacityMilli;
        }

        _drainMs = capacity == 0 ? long.MaxValue : (long)Int128.Min(state.OpenWork / capacity, long.MaxValue);
    }

    public long Of(Entry entry) => SpendOrder.Key(
        new SpendOrder.Candidate(
            entry.Shape.Value, entry.Shape.FullMilli, entry.Workload.DeclaredMs, entry.Workload.AttainedMs,
            Math.Max(0, _nowMs - entry.Workload.SubmittedMs), entry.Running),
        _drainMs);
}
