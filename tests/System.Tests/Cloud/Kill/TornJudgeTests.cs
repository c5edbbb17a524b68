using Amalgam.Core.Journal;
using Xunit;

namespace Amalgam.SystemTests.Cloud.Kill;

/// <summary>P2 and P3 broken on purpose: the judge of the kill loop, asked about streams that a cloud with that fault would leave.</summary>
public sealed class TornJudgeTests
{
    [Theory]
    [InlineData(20, true, -1, "Completed", "P2")]
    [InlineData(20, true, 19, "Completed", "P2")]
    [InlineData(20, true, 12, "Torn", "P2")]
    [InlineData(12, false, 13, "Torn", "P3")]
    [InlineData(0, false, 1, "Torn", "P3")]
    [InlineData(21, true, 21, "Completed", "received 21 tokens of 20")]
    public void A_charge_that_comes_after_the_end_or_for_more_than_was_delivered_is_found(int received, bool done, int charged, string outcome, string said) =>
        Assert.Contains(said, TornJudge.Wrong(Seen(received, done), 20, Charge(charged, outcome)), StringComparison.Ordinal);

    [Theory]
    [InlineData(20, true, 20, "Completed")]
    [InlineData(12, false, 8, "Torn")]
    [InlineData(12, false, -1, "Torn")]
    [InlineData(12, false, 20, "Completed")]
    public void What_a_sound_cloud_leaves_is_right(int received, bool done, int charged, string outcome) => Assert.Null(TornJudge.Wrong(Seen(received, done), 20, Charge(charged, outcome)));

    private static Received Seen(int tokens, bool done) => new("r1", 20, tokens, done, !done, 200, false, null);

    private static TokensCharged? Charge(int tokens, string outcome) => tokens < 0 ? null
        : new TokensCharged("c1", "r1", "k1", "lab", "m", "w1", "l1", "cpu", "chat", 1, 0, tokens, outcome, false, 1, 0, 0, 0, []);
}
