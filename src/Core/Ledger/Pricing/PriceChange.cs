using System.Collections.Immutable;
using Amalgam.Core.Units;

namespace Amalgam.Core.Ledger.Pricing;

/// <summary>A price change as proposed: which prices, by how much, from when. Nothing holds before it is applied.</summary>
/// <param name="Subject">Chip class or model.</param>
/// <param name="ByMillionths">Of the price; 400 000 = +40 %.</param>
/// <param name="AnnouncedMs">When customers were told: notices count from here.</param>
public sealed record PriceChange(PriceKind Kind, string Subject, string? Segment, string? Unit, ContractState Contracts, long ByMillionths, long FromMs, long AnnouncedMs)
{
    public const long LeastMillionths = -900_000;

    public const long MostMillionths = 3_000_000;

    /// <summary>`h100 +40 % for segment gold`</summary>
    public string Words => $"{new PriceScope(Kind, Subject, null, Unit, Segment, Contracts)} {ByMillionths / 10_000m:+0.####;-0.####} %";

    /// <summary>
    /// The versions that it comes to: the price of its own scope, and of every narrower scope inside it that has a price of its own. Refused, with one line, when there is nothing to
    /// change or a later version is waiting already.
    /// </summary>
    public Outcome<ImmutableArray<Price>> Versions(PriceBook book, UnitTree units, string changeId)
    {
        var made = ImmutableArray.CreateBuilder<Price>();
        foreach (var scope in Targets(book, units))
        {
            if (Before(book, units, scope) is not { } before)
            {
                continue;
            }

            if (book.Versions(scope) is [.., var last] && Overlaps(last))
            {
                var advice = last.Restores is null ? $"undo it first (`amalgam price undo {last.Version}`), or begin after it" : "begin then or after it";
                return new Refusal(RefusalCodes.Conflict, $"version {last.Version} of {scope} begins at {At(last.FromMs)} and would overlap: {advice}");
            }

            made.Add(Times(before) with
            {
                Version = book.LastVersion + made.Count + 1, FromMs = FromMs, AnnouncedMs = AnnouncedMs, ChangeId = changeId, Restores = null, OnClass = scope.OnClass, Unit = scope.Unit,
                Segment = scope.Segment, Contracts = scope.Contracts, Subject = Subject,
            });
        }

        return made.Count > 0 ? made.ToImmutable() : new Refusal(RefusalCodes.Invalid, $"there is no price of {Subject} at {At(FromMs)} that could be changed: `amalgam price list`");
    }

    /// <summary>Takes back a version and all that the same change made: what was before each begins again, at once or where the undone one would have begun.</summary>
    public static Outcome<ImmutableArray<Price>> Undo(PriceBook book, int version, string changeId, long nowMs)
    {
        if (book.Find(version) is not { } undone)
        {
            return new Refusal(RefusalCodes.NotFound, $"there is no price version {version}: `amalgam price list`");
        }

        var made = ImmutableArray.CreateBuilder<Price>();
        foreach (var price in undone.ChangeId is null ? [undone] : book.All.Where(price => price.ChangeId == undone.ChangeId))
        {
            var versions = book.Versions(price.Scope);
            if (versions[^1].Version != price.Version)
            {
                return new Refusal(RefusalCodes.Conflict, $"version {price.Version} of {price.Scope} was superseded by version {versions[^1].Version}: undo that one first");
            }

            var before = versions.Count > 1 ? versions[^2] : null;
            var (content, restores) = before is { Withdrawn: false } ? (before, before.Version) : (price, 0);
            made.Add(content with
            {
                // Announced when the undone one was: a notice that still runs lets neither of them through.
                Version = book.LastVersion + made.Count + 1, FromMs = Math.Max(nowMs + 1, price.FromMs), AnnouncedMs = price.AnnouncedMs, Restores = restores, ChangeId = changeId,
            });
        }

        return made.ToImmutable();
    }

    /// <summary>What was undone before it began leaves a version at its instant: a new change may begin there and supersede it.</summary>
    private bool Overlaps(Price last) => last.FromMs > FromMs || (last.FromMs == FromMs && last.Restores is null);

    private HashSet<PriceScope> Targets(PriceBook book, UnitTree units)
    {
        var same = book.Scopes.Where(scope => scope.Kind == Kind && scope.Subject == Subject).ToList();
        return [.. same.Select(scope => scope.OnClass).Append(null).Distinct().Select(chip => new PriceScope(Kind, Subject, chip, Unit, Segment, Contracts)),
            .. same.Where(scope => Covers(scope, units))];
    }

    private bool Covers(PriceScope scope, UnitTree units) =>
        (Unit is null || (scope.Unit is not null && units.IsWithin(scope.Unit, Unit)))
        && (Segment is null || scope.Segment == Segment || (scope.Unit is not null && units.Facts(scope.Unit).GetValueOrDefault("segment") == Segment))
        && (Contracts == ContractState.All || scope.Contracts == Contracts);

    /// <summary>The scope's own price, else that of the next wider one.</summary>
    private Price? Before(PriceBook book, UnitTree units, PriceScope scope)
    {
        if (book.Versions(scope).Count > 0)
        {
            return book.At(scope, FromMs) ?? (scope == new PriceScope(Kind, Subject, scope.OnClass, Unit, Segment, Contracts) ? Wider(book, units, scope) : null);
        }

        return Wider(book, units, scope);
    }

    private Price? Wider(PriceBook book, UnitTree units, PriceScope scope)
    {
        List<(string? Unit, string? Segment)> whom = [];
        for (var at = scope.Unit is null ? null : units.Find(scope.Unit); at is not null; at = at.Parent is null ? null : units.Find(at.Parent))
        {
            whom.Add((at.Name, null));
        }

        var segment = scope.Segment ?? (scope.Unit is null ? null : units.Facts(scope.Unit).GetValueOrDefault("segment"));
        whom.AddRange(segment is null ? [(null, null)] : [(null, segment), (null, null)]);
        var wider = from one in whom
                    from state in (ContractState[])[scope.Contracts, ContractState.All]
                    from name in (string[])[Subject, "*"]
                    // The price on one chip class follows only from one on that class: else it would split off from the model's.
                    select book.At(new PriceScope(Kind, name, scope.OnClass, one.Unit, one.Segment, state), FromMs);
        return wider.FirstOrDefault(price => price is not null);
    }

    private Price Times(Price price)
    {
        var share = 1_000_000 + ByMillionths;
        return price with
        {
            DeviceHourNano = Rates.Times(price.DeviceHourNano, share), InputNano = Rates.Times(price.InputNano, share), CachedInputNano = Rates.Times(price.CachedInputNano, share),
            OutputNano = Rates.Times(price.OutputNano, share),
            Tiers = price.Tiers is null ? null : [.. price.Tiers.Select(tier => new PriceTier(
                tier.Above, Rates.Times(tier.DeviceHourNano, share), Rates.Times(tier.InputNano, share), Rates.Times(tier.CachedInputNano, share), Rates.Times(tier.OutputNano, share)))],
        };
    }

    private static string At(long ms) => DateTimeOffset.FromUnixTimeMilliseconds(ms).ToString("yyyy-MM-dd HH:mm'Z'", System.Globalization.CultureInfo.InvariantCulture);
}
