using Xunit;
using Xunit.Abstractions;

namespace Core.Tests.Ledger.Budgets;

/// <summary>A million random operations against the oracle; ten million with AMALGAM_LONG=1. AMALGAM_SEED repeats a run.</summary>
public sealed class BudgetModelTests(ITestOutputHelper output)
{
    private const int Runs = 4;

    private static readonly long Operations = Environment.GetEnvironmentVariable("AMALGAM_LONG") == "1" ? 10_000_000 : 1_000_000;

    private static readonly int Seed = int.TryParse(Environment.GetEnvironmentVariable("AMALGAM_SEED"), out var given) ? given : Random.Shared.Next();

    [Fact]
    public void Whatever_happens_budgets_hold_and_count_what_was_charged()
    {
        for (var run = 0; run < Runs; run++)
        {
            var model = new BudgetModel(Seed + run);
            try
            {
                model.Run(Operations / Runs);
            }
            finally
            {
                var line = $"budget model: seed {Seed + run}, {Operations / Runs} operations: {string.Join(", ", model.Counts.Select(count => $"{count.Value} {count.Key}"))}";
                output.WriteLine(line);
                Console.WriteLine(line);
            }

            Assert.All(model.Counts.Values, count => Assert.True(count > 0));
        }
    }

    [Theory]
    [InlineData(Planted.AdmitsWithoutLooking)]
    [InlineData(Planted.SetsNothingAside)]
    [InlineData(Planted.ChargesTwice)]
    [InlineData(Planted.ChargesBeyondTheBudget)]
    [InlineData(Planted.ForgetsHalfOfTheBooking)]
    [InlineData(Planted.ChargesASliceTwice)]
    [InlineData(Planted.TellsAnAlertTwice)]
    [InlineData(Planted.CountsAWholeYearAsAMonth)]
    public void A_promise_broken_on_purpose_is_found(object planted)
    {
        var model = new BudgetModel(Seed, (Planted)planted);
        var found = Assert.Throws<BrokenPromiseException>(() => model.Run(200_000));
        output.WriteLine($"{(Planted)planted}: {found.Message}");
    }
}
