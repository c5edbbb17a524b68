using System.Collections.Immutable;
using Amalgam.Core.Cloud;
using Amalgam.Core.Journal;

namespace Amalgam.Core.Ledger.Invoices;

/// <summary>Rates one charge again from what stood in the journal before it: quantity, price version and sum must come out the same, and its entries must balance.</summary>
internal static class ChargeCheck
{
    /// <summary>What is wrong with the record, one line; null when nothing is. <paramref name="state"/> is the state before it.</summary>
    public static string? Of(CloudState state, JournalRecord record) => record.Event switch
    {
        LeaseCharged charged => Balanced(charged.Slice.Entries, charged.Slice.AmountNano) ?? Slice(state, charged.Slice),
        TokensCharged charged => Balanced(charged.Entries, charged.AmountNano) ?? Tokens(state, charged),
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
        var again = Rating.Slices(lease with { ChargedToMs = slice.FromMs, ToMs = null }, slice.ToMs, state.Prices).Sum(part => part.AmountNano);
        // What a hard budget held back is charged less, and what lies beyond it nothing at all; where none binds, the price book alone decides.
        var capped = slice.AmountNano < again && state.Budgets.Binds(slice.Unit, slice.ChipClass);
        return again == slice.AmountNano || capped ? null : $"the slice of lease {slice.LeaseId} costs {Nano.Format(again)} by the price book, and {Nano.Format(slice.AmountNano)} was charged";
    }

    private static string? Tokens(CloudState state, TokensCharged charged)
    {
        if (state.IsCharged(charged.ChargeId))
        {
            return $"request {charged.RequestId} is charged twice";
        }

        var price = state.Prices.All.FirstOrDefault(price => price.Version == charged.PriceVersion);
        var again = Rating.TokensNano(charged.InputTokens - charged.CachedInputTokens, price?.InputNano ?? 0)
            + Rating.TokensNano(charged.CachedInputTokens, price?.CachedInputNano ?? 0)
            + Rating.TokensNano(charged.OutputTokens, price?.OutputNano ?? 0);
        return again == charged.AmountNano ? null : $"request {charged.RequestId} costs {Nano.Format(again)} by price version {charged.PriceVersion}, and {Nano.Format(charged.AmountNano)} was charged";
    }

    private static string? Balanced(ImmutableArray<Entry> entries, long? owed) =>
        entries.Sum(entry => entry.AmountNano) is not 0 and var sum ? $"its entries sum to {Nano.Format(sum)} and not to zero"
        : owed is { } amount && !entries.IsEmpty && entries[0].AmountNano != amount ? $"it books {Nano.Format(entries[0].AmountNano)} and says {Nano.Format(amount)}"
        : null;
}
