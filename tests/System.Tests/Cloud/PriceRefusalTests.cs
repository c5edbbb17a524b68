using Xunit;

namespace Amalgam.SystemTests.Cloud;

/// <summary>One cloud for all refusals: none of them may change it.</summary>
public sealed class QuietCloud : IAsyncLifetime
{
    public RunningCloud Cloud { get; private set; } = null!;

    public async Task InitializeAsync() => Cloud = await RunningCloud.StartNewAsync();

    public async Task DisposeAsync() => await Cloud.DisposeAsync();
}

/// <summary>Prices, changes and commitments that cannot be.</summary>
public sealed class PriceRefusalTests(QuietCloud quiet) : IClassFixture<QuietCloud>
{
    [Theory]
    [InlineData("price change --class h100 --by +40% --from 2020-01-01 --preview", "in the past")]
    [InlineData("price change --class h100 --by +301% --from 2030-01-01 --preview", "-90 % to +300 %")]
    [InlineData("price change --class abacus --by 4% --from 2030-01-01 --preview", "has a chip class 'abacus'")]
    [InlineData("price change --class h100 --model demo --by 4% --from 2030-01-01 --preview", "--class C or --model M")]
    [InlineData("price change --class h100 --by 4% --unit nobody --from 2030-01-01 --apply", "there is no unit 'nobody'")]
    [InlineData("price change --class h100 --by 4% --contract-state odd --from 2030-01-01 --apply", "no state of contracts")]
    [InlineData("price change --class h100 --by 4% --from 2030-01-01 --announced 2031-01-01 --apply", "announced before")]
    [InlineData("price change --class h100 --by 4% --apply", "--from 2027-01-01")]
    [InlineData("price set h100 2.50 --tier 10=2 --tier 5=1", "must come after")]
    [InlineData("price set h100 2.50 --tier 10=2/1/3", "is no tier")]
    [InlineData("price set h100 2.50 --unit root --segment gold", "not both")]
    [InlineData("price undo 4711", "no price version 4711")]
    [InlineData("price commit root --class h100 --device-hours 10 --price 1 --from 2020-01 --to 2021-01", "a month to come")]
    [InlineData("price commit root --class h100 --device-hours 0 --price 1 --from 2030-01 --to 2031-01", "a number of device-hours")]
    [InlineData("bill --why 000000000000", "no line")]
    public async Task What_cannot_be_is_one_clear_line_and_changes_nothing(string arguments, string part)
    {
        var before = (await quiet.Cloud.GetAsync("/api/v1/prices")).ToString();
        var run = await quiet.Cloud.AmalgamAsync(arguments.Split(' '));
        run.RefusedWith(part);
        Assert.Equal(before, (await quiet.Cloud.GetAsync("/api/v1/prices")).ToString());
    }
}
