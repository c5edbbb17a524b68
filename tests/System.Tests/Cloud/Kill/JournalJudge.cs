using Amalgam.Core.Cloud;
using Amalgam.Core.Journal;
using Amalgam.Core.Ledger.Budgets;
using Amalgam.Storage;
using Xunit;

namespace Amalgam.SystemTests.Cloud.Kill;

/// <summary>Reads a journal from its first record, holds P1, P4 and P5 against every record on the way, and counts.</summary>
internal sealed class JournalJudge
{
    private readonly HashSet<string> _ids = [];

    private JournalJudge()
    {
    }

    public CloudState State { get; } = new();

    /// <summary>By the client's request id.</summary>
    public Dictionary<string, TokensCharged> Charges { get; } = [];

    public int Expired { get; private set; }

    public int Marks { get; private set; }

    public int Recoveries { get; private set; }

    public static JournalJudge Of(string path) => Of(new SqliteStore(path));

    public static JournalJudge Of(IJournalStore store)
    {
        var judge = new JournalJudge();
        foreach (var record in store.Read())
        {
            judge.Take(record);
        }

        return judge;
    }

    private void Take(JournalRecord record)
    {
        var committed = State.Budgets.All.ToDictionary(counter => counter.Budget.Id, counter => counter.SpentAt(record.AtMs) + counter.Reserved);
        State.Apply(record);
        foreach (var counter in State.Budgets.All.Where(counter => counter.Budget.Hard && record.Event is not BudgetSet))
        {
            var now = counter.SpentAt(record.AtMs) + counter.Reserved;
            Assert.True(now <= counter.Budget.Amount || now <= committed[counter.Budget.Id], $"P4: record {record.Sequence} takes {counter.Budget.Id} to {now} of {counter.Budget.Amount}");
        }

        switch (record.Event)
        {
            case TokensCharged charged:
                Assert.True(_ids.Add(charged.ChargeId), $"P1: {charged.ChargeId} is charged twice");
                Assert.True(Charges.TryAdd(charged.RequestId, charged), $"P1: the request {charged.RequestId} is charged twice");
                Assert.True(charged.Entries.Sum(entry => entry.AmountNano) == 0, $"P5: {charged.ChargeId} does not balance");
                break;
            case LeaseCharged charged:
                Assert.True(charged.Slice.Entries.Sum(entry => entry.AmountNano) == 0, $"P5: a slice of {charged.Slice.LeaseId} does not balance");
                break;
            case RequestClosed { Why: RequestClosing.Expired }: Expired++; break;
            case RequestsMarked marked: Marks += marked.Marks.Length; break;
            case RequestsRecovered: Recoveries++; break;
        }
    }
}
