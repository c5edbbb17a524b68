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
        Int128 work = 0;
        Int128 capacity = 0;
        foreach (var rows in state.Rows)
        {
            foreach (var row in rows)
            {
                work += (Int128)SpendOrder.RestMs(row.DeclaredMs, row.AttainedMs) * row.Shape.FullMilli * row.Waiting;
            }
        }

        foreach (var running in state.RunningIn)
        {
            foreach (var entry in running)
            {
                work += (Int128)SpendOrder.RestMs(entry.Workload.DeclaredMs, entry.Workload.AttainedMs) * entry.Shape.FullMilli;
            }
        }

        foreach (var stock in state.Stocks)
        {
            capacity += stock.CapacityMilli;
        }

        _drainMs = capacity == 0 ? long.MaxValue : (long)Int128.Min(work / capacity, long.MaxValue);
    }

    public long Of(Entry entry) => SpendOrder.Key(
        new SpendOrder.Candidate(
            entry.Shape.Value, entry.Shape.FullMilli, entry.Workload.DeclaredMs, entry.Workload.AttainedMs,
            Math.Max(0, _nowMs - entry.Workload.SubmittedMs), entry.Running),
        _drainMs);
}
