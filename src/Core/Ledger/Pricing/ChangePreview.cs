using Amalgam.Core.Journal;
using Amalgam.Core.Ledger.Contracts;

namespace Amalgam.Core.Ledger.Pricing;

/// <summary>Recorded usage from one instant to another (exclusive), played again <see cref="ShiftMs"/> later.</summary>
public readonly record struct UsagePeriod(long FromMs, long ToMs, long ShiftMs)
{
    public long MiddleMs => FromMs + ((ToMs - FromMs) / 2);
}

/// <summary>What one customer pays for one item before and after.</summary>
/// <param name="Records">Slices and requests.</param>
/// <param name="ForecastOldNano">By linear trend over the two halves of the period.</param>
/// <param name="EffectiveMs">When the change first binds one of its units; null = not at all.</param>
public sealed record CustomerChange(
    string Customer, string Item, long Records, Int128 OldNano, Int128 NewNano, Int128 ForecastOldNano, Int128 ForecastNewNano, long? EffectiveMs, long? LockedUntilMs, string? ContractId)
{
    public Int128 DifferenceNano => NewNano - OldNano;
}

/// <summary>
/// Rates the same usage with the books as they are and with the change in them, exactly as a bill would: with notices, locks, terms, commitments and tiers, to the nano-unit.
/// Usage streams through; what is kept is one row per customer and item.
/// </summary>
public sealed class ChangePreview(PricingBooks before, PricingBooks after, PriceChange change, UsagePeriod period)
{
    private readonly Side _old = new(before);
    private readonly Side _new = new(after);
    private readonly Dictionary<(string Unit, string Item), Row> _rowOfUnit = [];
    private readonly Dictionary<(string Customer, string Item), Row> _rows = [];

    public void Add(JournalRecord record)
    {
        switch (record.Event)
        {
            case LeaseCharged { Slice: var slice } when slice.PriceVersion != Budgets.LeaseMetering.Unfunded:
                Add(new DeviceUse(slice.Unit, slice.ChipClass, slice.LeaseFromMs ?? slice.FromMs, slice.FromMs, slice.ToMs, slice.MilliDevices));
                break;
            case TokensCharged charge:
                Add(new TokensUsed(
                    charge.Unit, charge.Model, charge.ChipClass, charge.PricedAtMs ?? record.AtMs, charge.InputTokens - charge.CachedInputTokens, charge.CachedInputTokens, charge.OutputTokens));
                break;
            case ReservedIdleCharged idle:
                AddIdle(idle.ContractId, new DeviceUse(idle.Unit, idle.ChipClass, idle.FromMs, idle.FromMs, idle.ToMs, idle.MilliDevices));
                break;
        }
    }

    public void Add(DeviceUse use)
    {
        if (Concerns(PriceKind.DeviceHour, use.ChipClass, use.FromMs))
        {
            var later = use with { LeaseFromMs = use.LeaseFromMs + period.ShiftMs, FromMs = use.FromMs + period.ShiftMs, ToMs = use.ToMs + period.ShiftMs };
            Add(use.Unit, use.ChipClass, use.ChipClass, _old.Rate(later), _new.Rate(later), use.FromMs);
        }
    }

    /// <summary>What stood idle though it was reserved is paid for like use, at the contract's price.</summary>
    public void AddIdle(string contractId, DeviceUse use)
    {
        if (use.MilliDevices > 0 && Concerns(PriceKind.DeviceHour, use.ChipClass, use.FromMs))
        {
            var later = use with { FromMs = use.FromMs + period.ShiftMs, ToMs = use.ToMs + period.ShiftMs };
            Add(use.Unit, use.ChipClass, use.ChipClass, _old.RateIdle(contractId, later), _new.RateIdle(contractId, later), use.FromMs);
        }
    }

    public void Add(TokensUsed use)
    {
        if (Concerns(PriceKind.Tokens, use.Model, use.AtMs))
        {
            var later = use with { AtMs = use.AtMs + period.ShiftMs };
            Add(use.Unit, use.Model, use.ChipClass, _old.Rater.Rate(later).AmountNano, _new.Rater.Rate(later).AmountNano, use.AtMs);
        }
    }

    /// <summary>What each unit that used anything would pay more.</summary>
    public Dictionary<string, Int128> DifferenceByUnit { get; } = new(StringComparer.Ordinal);

    /// <summary>Those who pay most more first, those who pay most less last.</summary>
    public IReadOnlyList<CustomerChange> Rows =>
        [.. _rows.Select(row => row.Value.Of(row.Key.Customer, row.Key.Item)).OrderByDescending(row => row.DifferenceNano).ThenBy(row => row.Customer, StringComparer.Ordinal)];

    private void Add(string unit, string item, string? chipClass, long old, long renewed, long atMs)
    {
        RowOf(unit, item, chipClass).Add(old, renewed, atMs < period.MiddleMs);
        DifferenceByUnit[unit] = DifferenceByUnit.GetValueOrDefault(unit) + renewed - old;
    }

    /// <summary>Of a change of `*` everything is looked at: what has a price of its own comes out unchanged.</summary>
    private bool Concerns(PriceKind kind, string subject, long atMs) =>
        kind == change.Kind && (change.Subject == "*" || subject == change.Subject) && period.FromMs <= atMs && atMs < period.ToMs;

    private Row RowOf(string unit, string item, string? chipClass)
    {
        if (_rowOfUnit.TryGetValue((unit, item), out var row))
        {
            return row;
        }

        var contract = Governing(unit, chipClass);
        var customer = contract?.Unit ?? TopLevel(unit);
        if (!_rows.TryGetValue((customer, item), out row))
        {
            _rows[(customer, item)] = row = new Row { Contract = contract };
        }

        row.Effective(FirstDifference(unit, item, chipClass));
        return _rowOfUnit[(unit, item)] = row;
    }

    /// <summary>The contract that binds the unit's price when the change begins.</summary>
    private Contract? Governing(string unit, string? chipClass)
    {
        for (var at = before.Units.Find(unit); at is not null; at = at.Parent is null ? null : before.Units.Find(at.Parent))
        {
            if (before.Contracts.All.FirstOrDefault(contract => contract.Unit == at.Name && contract.ChipClass == chipClass && contract.InForce(change.FromMs)) is { } contract)
            {
                return contract;
            }
        }

        return null;
    }

    private string TopLevel(string unit)
    {
        var (name, at) = (unit, before.Units.Find(unit));
        while (at?.Parent is { } parent && before.Units.Find(parent) is { } above)
        {
            (name, at) = above.Parent is null ? (at.Name, null) : (above.Name, above);
        }

        return name;
    }

    private long? FirstDifference(string unit, string item, string? chipClass)
    {
        var onClass = change.Kind == PriceKind.Tokens ? chipClass : null;
        var cuts = _old.Tariffs.All(unit, change.Kind, item, onClass).Concat(_new.Tariffs.All(unit, change.Kind, item, onClass))
            .Select(tariff => Math.Max(tariff.FromMs, change.FromMs)).Distinct().Order();
        foreach (var at in cuts)
        {
            if (!_old.Tariffs.At(unit, change.Kind, item, onClass, at).IsLike(_new.Tariffs.At(unit, change.Kind, item, onClass, at))
                && _new.Tariffs.At(unit, change.Kind, item, onClass, at).Rates != _old.Tariffs.At(unit, change.Kind, item, onClass, at).Rates)
            {
                return at;
            }
        }

        return null;
    }

    /// <summary>One set of books, with monthly quantities of its own that go on from what is booked.</summary>
    private sealed class Side(PricingBooks books)
    {
        private readonly Dictionary<string, long> _idleLeft = new(StringComparer.Ordinal);

        public Tariffs Tariffs { get; } = books.Tariffs();

        public Rater Rater => _rater ??= new Rater(Tariffs, books.Counters);

        private Rater? _rater;

        public long Rate(DeviceUse use)
        {
            long sum = 0;
            foreach (var span in Rater.Rate(use))
            {
                sum = checked(sum + span.AmountNano);
            }

            return sum;
        }

        public long RateIdle(string contractId, DeviceUse use)
        {
            long sum = 0;
            foreach (var span in ReservedIdle.Rate(Tariffs, use, _idleLeft.GetValueOrDefault(contractId)))
            {
                sum = checked(sum + span.AmountNano);
                _idleLeft[contractId] = span.Remainder;
            }

            return sum;
        }
    }

    private sealed class Row
    {
        private long _records;
        private Int128 _oldFirst, _oldSecond, _newFirst, _newSecond;
        private long? _effectiveMs;

        public Contract? Contract { get; init; }

        public void Effective(long? atMs) => _effectiveMs = _effectiveMs is { } known && atMs is { } other ? Math.Min(known, other) : _effectiveMs ?? atMs;

        public void Add(long old, long renewed, bool firstHalf)
        {
            _records++;
            if (firstHalf)
            {
                (_oldFirst, _newFirst) = (_oldFirst + old, _newFirst + renewed);
            }
            else
            {
                (_oldSecond, _newSecond) = (_oldSecond + old, _newSecond + renewed);
            }
        }

        public CustomerChange Of(string customer, string item)
        {
            var (old, renewed) = (_oldFirst + _oldSecond, _newFirst + _newSecond);
            var share = Trend(_oldFirst, _oldSecond);
            var locked = Contract?.Price?.Kind == PriceTermsKind.Fixed ? Contract.EndMs : Contract?.LockedUntilMs;
            return new CustomerChange(customer, item, _records, old, renewed, old * share / 1_000_000, renewed * share / 1_000_000, _effectiveMs, locked, Contract?.Id);
        }

        /// <summary>
        /// The next period as a share of this one, in millionths: the halves go on growing by what the second was more than the first; from none to four times. Who used nothing in
        /// one of the halves has no trend yet, so the period repeats.
        /// </summary>
        private static Int128 Trend(Int128 first, Int128 second) =>
            first == 0 || second == 0 ? 1_000_000 : Int128.Clamp(((5 * second) - (3 * first)) * 1_000_000 / (first + second), 0, 4_000_000);
    }
}
