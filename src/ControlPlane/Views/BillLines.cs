using System.Security.Cryptography;
using System.Text;
using Amalgam.Contracts;
using Amalgam.Core.Cloud;
using Amalgam.Core.Journal;
using Amalgam.Core.Ledger;

namespace Amalgam.ControlPlane.Views;

/// <summary>A line of the bill, opened: which records it is the sum of.</summary>
public static class BillLines
{
    /// <summary>Twelve hexadecimal digits of what makes the line: place, unit, workload, item, class, meter, price version, contract and rule. Never of its day or its amount, which grows.</summary>
    public static string Id(BillKey key) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(
        string.Join('\n', key.Path, key.Unit, key.WorkloadId, key.Item, key.ChipClass, key.Meter, key.PriceVersion, key.ContractId, key.Rule)))[..6]);

    /// <summary>Device-hours, or tokens.</summary>
    public static decimal Quantity(Meter meter, long quantity) => meter.IsTokens() ? quantity : quantity / 3_600_000_000m;

    /// <summary>The line's key, its day left out; null when nothing of the line is in the journal yet.</summary>
    public static BillKey? Find(CloudState state, BillLine line)
    {
        foreach (var (key, _) in state.Bill.Lines)
        {
            if (key.Unit == line.Unit && key.WorkloadId == line.WorkloadId && key.PriceVersion == line.PriceVersion && Id(key) == line.Id)
            {
                return key with { Day = 0 };
            }
        }

        return null;
    }

    /// <summary>Streams the charges; keeps the latest ones.</summary>
    /// <param name="pathAt">Where a unit stood: of two lines that differ in nothing else each has its own time.</param>
    public static (List<BillLineRecord> Latest, long Count, Int128 AmountNano) Records(
        IEnumerable<JournalRecord> charges, Func<string, long, string> pathAt, BillKey line, long fromMs, long toMs, int limit)
    {
        var latest = new Queue<BillLineRecord>();
        var (count, sum) = (0L, (Int128)0);
        foreach (var record in charges)
        {
            foreach (var part in BillBook.Parts(record, line.Path))
            {
                var dayMs = part.Key.Day * BillBook.DayMs;
                if (part.Key with { Day = 0 } != line || dayMs < fromMs || dayMs >= toMs || (part.Quantity == 0 && part.AmountNano == 0) || pathAt(line.Unit, part.FromMs) != line.Path)
                {
                    continue;
                }

                (count, sum) = (count + 1, sum + part.AmountNano);
                latest.Enqueue(Of(record, part.Key, new BillAmount(part.Quantity, part.AmountNano, 1, part.FromMs, part.ToMs)));
                if (latest.Count > limit)
                {
                    latest.Dequeue();
                }
            }
        }

        return ([.. latest.Reverse()], count, sum);
    }

    private static BillLineRecord Of(JournalRecord record, BillKey key, BillAmount amount)
    {
        var tokens = record.Event as TokensCharged;
        return new BillLineRecord(
            record.Sequence, WorkloadViews.Time(record.AtMs), tokens?.LeaseId ?? (record.Event as LeaseCharged)?.Slice.LeaseId, tokens?.RequestId, tokens?.ChargeId, tokens?.KeyId,
            WorkloadViews.Time(amount.FirstMs), WorkloadViews.Time(amount.LastMs), Quantity(key.Meter, amount.Quantity), Nano.Format(amount.AmountNano));
    }
}
