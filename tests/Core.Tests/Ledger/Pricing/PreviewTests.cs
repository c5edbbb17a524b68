using Amalgam.Core.Journal;
using Amalgam.Core.Ledger;
using Amalgam.Core.Ledger.Pricing;
using Xunit;
using static Core.Tests.Ledger.Pricing.PricedCloud;

namespace Core.Tests.Ledger.Pricing;

public sealed class PreviewTests
{
    /// <summary>P7. AMALGAM_LONG=1 tries a hundred times as many.</summary>
    [Fact]
    public void A_preview_equals_the_later_bill_of_the_same_usage_to_the_nano_unit()
    {
        var (tried, changed, amount) = (0, 0, (Int128)0);
        var cases = Environment.GetEnvironmentVariable("AMALGAM_LONG") == "1" ? 30_000 : 300;
        for (var seed = 1; seed <= cases; seed++)
        {
            var books = new RandomBooks(seed);
            books.Found();
            var usageFromMs = books.NowMs;
            var usageToMs = usageFromMs + books.Random.NextInt64(2 * Day, 40 * Day);
            var usage = Enumerable.Range(0, 60).Select(_ => books.Usage(usageFromMs, usageToMs)).ToList();
            books.NowMs = usageToMs;
            var records = usage.Select(use => use is DeviceUse device ? books.Charge(device) : books.Charge((TokensUsed)use)).ToList();

            var change = books.Change(books.NowMs + books.Random.NextInt64(60 * Day));
            var versions = change.Versions(books.State.Prices, books.State.Units, "preview");
            if (versions.Refusal is not null)
            {
                continue;
            }

            var before = PricingBooks.Of(books.State);
            var period = new UsagePeriod(usageFromMs, usageToMs, change.FromMs - usageFromMs);
            var preview = new ChangePreview(before, before.With(versions.Value), change, period);
            records.ForEach(preview.Add);

            Assert.True(books.Apply(change));
            var owed = Later(books, records, change, period);
            var told = preview.Rows.Aggregate((Int128)0, (sum, row) => sum + row.NewNano);
            Assert.True(owed == told, $"seed {seed}: the preview said {told}, the bill came to {owed} ({change.Words})");
            tried++;
            changed += preview.Rows.Any(row => row.DifferenceNano != 0) ? 1 : 0;
            amount += told;
        }

        Assert.True(tried > cases / 2 && changed > cases / 4 && amount > 0, $"only {tried} changes were tried, {changed} changed anything");
    }

    /// <summary>The recorded usage happens once more, later; what the bill grows by is what it costs.</summary>
    private static Int128 Later(RandomBooks books, List<JournalRecord> records, PriceChange change, UsagePeriod period)
    {
        Int128 before = Sum(books);
        foreach (var record in records)
        {
            if (record.Event is LeaseCharged { Slice: var slice } && change.Kind == PriceKind.DeviceHour && (change.Subject is "*" || slice.ChipClass == change.Subject))
            {
                for (var from = slice.FromMs + period.ShiftMs; from < slice.ToMs + period.ShiftMs;)
                {
                    // Cut anywhere: the sum may not depend on it.
                    var to = Math.Min(slice.ToMs + period.ShiftMs, from + books.Random.NextInt64(1, Day));
                    var made = books.Charge(new DeviceUse(slice.Unit, slice.ChipClass, slice.LeaseFromMs!.Value + period.ShiftMs, from, to, slice.MilliDevices));
                    from = ((LeaseCharged)made.Event).Slice.ToMs;
                }
            }
            else if (record.Event is TokensCharged tokens && change.Kind == PriceKind.Tokens && (change.Subject is "*" || tokens.Model == change.Subject))
            {
                books.Charge(new TokensUsed(
                    tokens.Unit, tokens.Model, tokens.ChipClass, tokens.PricedAtMs!.Value + period.ShiftMs, tokens.InputTokens - tokens.CachedInputTokens, tokens.CachedInputTokens, tokens.OutputTokens));
            }
        }

        return Sum(books) - before;
    }

    private static Int128 Sum(RandomBooks books) => books.State.Bill.Lines.Aggregate((Int128)0, (sum, line) => sum + line.Value.AmountNano);
}
