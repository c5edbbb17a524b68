using System.CommandLine;
using System.Globalization;
using Amalgam.Contracts;

namespace Amalgam.Cli;

/// <summary>`quote serve …` and `quote run …`.</summary>
internal static class QuoteVerb
{
    public static Command Quote() => Verbs.Group("quote", "before use: chips considered, the one chosen and why, start, speed, price", ServeVerb.Quote(), RunVerb.Quote());

    public static void Print(QuoteView quote, bool json)
    {
        if (json)
        {
            Verbs.Print(quote, ContractsJson.Default.QuoteView);
            return;
        }

        Console.WriteLine(quote.What);
        Console.WriteLine(quote.ChipClass is null ? $"  waits ({quote.WaitReason}): {quote.Why}" : $"  on {quote.ChipClass}: {quote.Why}");
        Console.WriteLine(quote.Start is { } at ? $"  starts {(at <= DateTimeOffset.UtcNow.AddSeconds(2) ? "at once" : at.ToString("u", CultureInfo.InvariantCulture))}" : "  start: not as things are");
        if (quote.PricePerHour is not null)
        {
            Console.WriteLine($"  {quote.PricePerHour} {quote.Currency} per hour");
        }

        if (quote.SmallestChange is not null)
        {
            Console.WriteLine($"  what would help: {quote.SmallestChange}");
        }

        Console.WriteLine();
        Chips(quote.Chips, quote.Currency);
    }

    public static void Chips(IReadOnlyList<ChipConsidered> chips, string currency)
    {
        var table = new Table("CHIP", "FITS", "SPEED", "TOKENS/S", "MEMORY MIB", $"{currency}/DEVICE-HOUR", "WHY");
        foreach (var chip in chips)
        {
            table.Add(
                chip.Simulated ? $"{chip.ChipClass} (simulated)" : chip.ChipClass, chip.Fits ? "yes" : "no", chip.Speed?.ToString("0.###", CultureInfo.InvariantCulture), chip.TokensPerSecond?.ToString("0.#", CultureInfo.InvariantCulture),
                chip.EstimatedMemoryMiB?.ToString(CultureInfo.InvariantCulture), chip.PricePerDeviceHour, chip.Why);
        }

        table.Print(Console.Out, "no chips");
    }
}
