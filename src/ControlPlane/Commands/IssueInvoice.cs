using System.Globalization;
using Amalgam.ControlPlane.State;
using Amalgam.Core;
using Amalgam.Core.Access;
using Amalgam.Core.Cloud;
using Amalgam.Core.Journal;
using Amalgam.Core.Ledger;
using Amalgam.Core.Ledger.Budgets;
using Amalgam.Core.Ledger.Invoices;
using Amalgam.Core.Ledger.Pricing;

namespace Amalgam.ControlPlane.Commands;

/// <summary>
/// `invoice issue`. First <see cref="Close"/> charges every lease up to the end of the period, then <see cref="Decide"/> takes the picture: both are in the journal, and the
/// second refuses where the first has not reached.
/// </summary>
public static class IssueInvoice
{
    /// <summary>The charges that the period still lacks. They are what the metering loop would write some seconds later.</summary>
    public static Decision<int> Close(CloudState state, long toMs, long nowMs)
    {
        var (draft, rater) = (new BudgetDraft(state.Budgets, nowMs), state.Rater());
        List<JournalEvent> charges = [.. state.OpenLeases.SelectMany(lease => LeaseMetering.Slices(state, lease, toMs, draft, rater)).Select(slice => new LeaseCharged(slice))];
        charges.AddRange(Standing.Due(state, rater, toMs));
        return State.Decide.Yes(charges.Count, charges);
    }

    /// <summary>One invoice for <paramref name="unit"/>, or one for every customer (a unit directly under the root) that owes something.</summary>
    public static Decision<IReadOnlyList<int>> Decide(CloudState state, Caller caller, string month, string? unit, long nowMs)
    {
        if (Allowed(state, caller) is { } forbidden)
        {
            return forbidden;
        }

        var period = Month(month);
        if (period.Refusal is { } wrong)
        {
            return wrong;
        }

        var (fromMs, toMs) = period.Value;
        if (toMs > nowMs)
        {
            return new Refusal(RefusalCodes.Conflict, $"{month} is not over until {Iso(toMs)}: issue its invoices then; `amalgam bill` shows what is owed so far");
        }

        if (unit is not null && state.Units.Find(unit) is null)
        {
            return Permission.NoUnit(state, caller, unit);
        }

        return unit is not null ? One(state, unit, month, fromMs, toMs, nowMs) : All(state, month, fromMs, toMs, nowMs);
    }

    /// <summary>`2026-10` to its first instant and that of the next month (UTC).</summary>
    public static Outcome<(long FromMs, long ToMs)> Month(string month) =>
        DateTimeOffset.TryParseExact(month, "yyyy-MM", CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var first)
            ? (first.ToUnixTimeMilliseconds(), first.AddMonths(1).ToUnixTimeMilliseconds())
            : new Refusal(RefusalCodes.Invalid, $"'{Names.Clip(month)}' is no month: write for instance 2026-10");

    internal static Refusal? Allowed(CloudState state, Caller caller) => Permission.Check(state, caller, Role.Owner, state.Units.Root.Name) is null
        ? null
        : new Refusal(RefusalCodes.Forbidden, $"invoices and credit notes are issued with an owner's key of {state.Units.Root.Name}");

    private static Decision<IReadOnlyList<int>> One(CloudState state, string unit, string month, long fromMs, long toMs, long nowMs)
    {
        if (Covered(state, unit, fromMs) is { } before)
        {
            return new Refusal(RefusalCodes.Conflict, Equals(before.FromMs, fromMs)
                ? $"{unit} has invoice {before.Number} for {month} already: an issued invoice never changes; correct it with `amalgam invoice credit {before.Number} --why …`"
                : $"{unit} is invoiced up to {Iso(before.ToMs)} already (invoice {before.Number}): what became known since is on its next invoice");
        }

        if (!Owes(state, unit, toMs))
        {
            return new Refusal(RefusalCodes.Conflict, $"{unit} has nothing to pay up to {Iso(toMs)} that is not on an invoice already (`amalgam bill --unit {unit} --to {month}`)");
        }

        var invoice = Invoicing.Compose(state, unit, fromMs, toMs, nowMs);
        return State.Decide.Yes<IReadOnlyList<int>>([invoice.Number], Issued(invoice));
    }

    private static Decision<IReadOnlyList<int>> All(CloudState state, string month, long fromMs, long toMs, long nowMs)
    {
        var events = new List<JournalEvent>();
        var numbers = new List<int>();
        var customers = state.Units.InOrder.Where(unit => unit.Parent == state.Units.Root.Name).Select(unit => unit.Name).ToList();
        foreach (var customer in customers.Where(customer => Covered(state, customer, fromMs) is null && Owes(state, customer, toMs)))
        {
            // Subtrees of different customers share no line, so that one invoice does not change what the next one finds; only the number moves on.
            var invoice = Invoicing.Compose(state, customer, fromMs, toMs, nowMs) with { Number = state.Invoices.NextNumber + numbers.Count };
            numbers.Add(invoice.Number);
            events.Add(Issued(invoice));
        }

        return numbers.Count > 0 ? State.Decide.Yes<IReadOnlyList<int>>(numbers, events)
            : customers.Find(customer => Covered(state, customer, fromMs) is not null) is { } invoiced ? new Refusal(RefusalCodes.Conflict, $"every customer that owes something for {month} has its invoice already ({invoiced}: {Covered(state, invoiced, fromMs)!.Number})")
            : new Refusal(RefusalCodes.Conflict, $"nobody owes anything for {month} (`amalgam bill --to {month}` shows what was used before)");
    }

    /// <summary>The invoice that this period would overlap or come before.</summary>
    private static Invoice? Covered(CloudState state, string customer, long fromMs) => state.Invoices.LastOf(customer) is { } last && last.ToMs > fromMs ? last : null;

    private static bool Owes(CloudState state, string customer, long toMs) => state.Invoices.OpenLines(state, customer, toMs).Any() || Invoicing.ServiceCredits(state, customer, toMs).Count > 0;

    private static InvoiceIssued Issued(Invoice invoice) => new(invoice, InvoiceJson.Sha256(InvoiceJson.Write(invoice)), Invoicing.Entries(invoice));

    private static string Iso(long ms) => DateTimeOffset.FromUnixTimeMilliseconds(ms).ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);
}
