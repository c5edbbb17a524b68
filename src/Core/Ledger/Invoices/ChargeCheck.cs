using System.Collections.Immutable;
using Amalgam.Core.Cloud;
using Amalgam.Core.Journal;
using Amalgam.Core.Ledger.Pricing;

namespace Amalgam.Core.Ledger.Invoices;

/// <summary>Rates one charge again from what stood in the journal before it: quantity, price version and sum must come out the same, and its entries must balance.</summary>
internal static class ChargeCheck
{
    /// <summary>What is wrong with the record, one line; null when nothing is. <paramref name="state"/> is the state before it.</summary>
    public static string? Of(CloudState state, JournalRecord record) => record.Event switch
    {
        LeaseCharged charged => Balanced(charged.Slice.Entries, charged.Slice.AmountNano) ?? Slice(state, charged.Slice),
        TokensCharged charged => Balanced(charged.Entries, charged.AmountNano) ?? Tokens(state, charged),
        ReservedIdleCharged idle => Balanced(idle.Entries, idle.AmountNano) ?? StandingCheck.Idle(state, idle),
        CommitmentShortfallCharged unused => Balanced(unused.Entries, unused.AmountNano) ?? StandingCheck.Unused(state, unused),
        IdleDevicesShared shared => Balanced(shared.Entries, null) ?? StandingCheck.Shared(state, shared),
        InvoiceIssued issued => Balanced(issued.Entries, null),
        CreditNoteIssued credited => Balanced(credited.Entries, -credited.Note.TotalNano),
        _ => null,
    };

    private static string? Slice(CloudState state, LeaseSlice slice)
    {
        if (state.Lease(slice.LeaseId) is not { } lease)
        {
            return $"it charges the lease {slice.LeaseId}, which did not begin before it";
        }

        if (slice.FromMs != lease.ChargedToMs && slice.FromMs != lease.FromMs)
        {
            return $"lease {slice.LeaseId} was charged to {lease.ChargedToMs} and not to {slice.FromMs}, where this slice begins";
        }

        // Summed, because slices of older releases were not cut at midnight.
        var again = state.Rater().Rate(new DeviceUse(slice.Unit, slice.ChipClass, lease.FromMs, slice.FromMs, slice.ToMs, slice.MilliDevices)).Sum(part => part.AmountNano);
        // What a hard budget held back is charged less, and what lies beyond it nothing at all; where none binds, the price book alone decides.
        return again == slice.AmountNano || Cut(state, slice.Unit, slice.ChipClass, slice.AmountNano, again)
            ? null
            : $"the slice of lease {slice.LeaseId} costs {Nano.Format(again)} by the price book, and {Nano.Format(slice.AmountNano)} was charged";
    }

    private static string? Tokens(CloudState state, TokensCharged charged)
    {
        if (state.IsCharged(charged.ChargeId))
        {
            return $"request {charged.RequestId} is charged twice";
        }

        var (input, cached) = (charged.InputTokens - charged.CachedInputTokens, charged.CachedInputTokens);
        var again = charged.PricedAtMs is { } pricedMs
            ? state.Rater().Rate(new TokensUsed(charged.Unit, charged.Model, charged.ChipClass, pricedMs, input, cached, charged.OutputTokens)).AmountNano
            : ByVersion(state.Prices.Find(charged.PriceVersion)?.Rates ?? default, input, cached, charged.OutputTokens);
        return again == charged.AmountNano || Cut(state, charged.Unit, null, charged.AmountNano, again)
            ? null
            : $"request {charged.RequestId} costs {Nano.Format(again)} by price version {charged.PriceVersion}, and {Nano.Format(charged.AmountNano)} was charged";
    }

    /// <summary>Less than the price where a hard budget had no room for more: a replica used more than the request had set aside, or a price rose.</summary>
    private static bool Cut(CloudState state, string unit, string? chipClass, long amountNano, long fullNano) => amountNano < fullNano && state.Budgets.Binds(unit, chipClass);

    /// <summary>Of journals that did not say which instant's price it was.</summary>
    private static long ByVersion(Rates rates, long input, long cached, long output) =>
        Rating.TokensNano(input, rates.Input) + Rating.TokensNano(cached, rates.CachedInput) + Rating.TokensNano(output, rates.Output);

    private static string? Balanced(ImmutableArray<Entry> entries, long? owed) =>
        entries.Sum(entry => entry.AmountNano) is not 0 and var sum ? $"its entries sum to {Nano.Format(sum)} and not to zero"
        : owed is { } amount && !entries.IsEmpty && entries[0].AmountNano != amount ? $"it books {Nano.Format(entries[0].AmountNano)} and says {Nano.Format(amount)}"
        : null;
}
