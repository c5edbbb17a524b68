using System.Collections.Immutable;
using Amalgam.Core.Ledger;
using Amalgam.Core.Ledger.Pricing;

namespace Amalgam.Core.Journal;

/// <summary>Recorded for the books of prices and what rests on them.</summary>
public abstract record PricingEvent : JournalEvent;

/// <summary>A price change, or its undoing: its versions become one transaction. Who approved it is who wrote the record.</summary>
/// <param name="Why">What was asked for, in words.</param>
/// <param name="Undoes">The change whose versions are taken back.</param>
public sealed record PriceChanged(string ChangeId, string Why, ImmutableArray<Price> Prices, string? Undoes = null) : PricingEvent;

public sealed record CommitmentMade(Commitment Commitment) : PricingEvent;

/// <summary>A commitment ends before its time, with a month that had not begun.</summary>
/// <param name="ToMs">Begin of the first month without it.</param>
public sealed record CommitmentEnded(string CommitmentId, long ToMs, string Why) : PricingEvent;

/// <summary>A rated span of what a contract reserved and its unit did not use.</summary>
/// <param name="Remainder">What rounding left, in units of nano / <see cref="Rating.PricedQuantity"/>: carried into the contract's next span, so that no cut changes the sum.</param>
public sealed record ReservedIdleCharged(
    string ContractId, string Unit, string ChipClass, long FromMs, long ToMs, long MilliDevices, int PriceVersion, long AmountNano, long Remainder, string Rule, ImmutableArray<Entry> Entries,
    bool Simulated = false) : PricingEvent;

/// <summary>What was bought for one month and not used.</summary>
/// <param name="Quantity">Milli-device-milliseconds.</param>
public sealed record CommitmentShortfallCharged(
    string CommitmentId, string Unit, string ChipClass, long FromMs, long ToMs, long Quantity, long AmountNano, string Rule, ImmutableArray<Entry> Entries) : PricingEvent;
