using Amalgam.Core.Cloud;
using Amalgam.Core.Journal;

namespace Amalgam.Core.Ledger.Sharing;

/// <summary>Which days' idle devices were charged to who carries them: one record for a class and a day, and at most one.</summary>
public sealed class IdleShareBook
{
    private readonly Dictionary<string, int> _lastDay = new(StringComparer.Ordinal);
    private readonly List<JournalRecord> _records = [];

    /// <summary>In the order in which they were charged; kept, because each opens lines of many units.</summary>
    public IReadOnlyList<JournalRecord> Records => _records;

    /// <summary>Throws <see cref="InvalidOperationException"/> for a day that was charged, or that lies before one that was.</summary>
    public void Apply(JournalRecord record, IdleDevicesShared shared)
    {
        if (_lastDay.TryGetValue(shared.ChipClass, out var last) && shared.Day <= last)
        {
            throw new InvalidOperationException($"the idle devices of {shared.ChipClass} of day {shared.Day} are charged twice or out of order");
        }

        _lastDay[shared.ChipClass] = shared.Day;
        _records.Add(record);
    }

    /// <summary>Days under a policy that charges back, once everything that was used and reserved on them is in the journal.</summary>
    public IEnumerable<IdleDevicesShared> Due(CloudState state, long nowMs)
    {
        if (state.Pool.Policies.Where(policy => policy.ChargeBack).Select(policy => policy.FromMs).DefaultIfEmpty(long.MaxValue).Min() is var first && first >= nowMs)
        {
            yield break;
        }

        foreach (var chipClass in state.Pool.Classes)
        {
            var day = Math.Max((int)(first / BillBook.DayMs), _lastDay.TryGetValue(chipClass, out var last) ? last + 1 : 0);
            for (; (day + 1) * BillBook.DayMs <= nowMs; day++)
            {
                if (!state.Pool.PolicyAt(day * BillBook.DayMs).ChargeBack)
                {
                    continue;
                }

                if (!IsSettled(state, chipClass, (day + 1) * BillBook.DayMs))
                {
                    break;
                }

                yield return IdleSharing.Of(state, chipClass, day);
            }
        }
    }

    private static bool IsSettled(CloudState state, string chipClass, long toMs) =>
        state.OpenLeases.All(lease => lease.ChipClass != chipClass || lease.ChargedToMs >= toMs) && state.Reserved.IsCharged(state.Contracts, chipClass, toMs);
}
