using Amalgam.Core.Journal;

namespace Amalgam.SystemTests.Cloud.Kill;

/// <summary>P2 and P3 of one stream: what the client received against what the replica produced and the journal holds.</summary>
internal static class TornJudge
{
    /// <param name="produced">Tokens that the replica emitted.</param>
    /// <param name="charged">Null = the journal has no charge of the request.</param>
    /// <returns>What is wrong, one line; null when nothing is.</returns>
    public static string? Wrong(Received seen, int produced, TokensCharged? charged) =>
        seen.Tokens > produced ? $"{seen.RequestId} received {seen.Tokens} tokens of {produced}"
        : seen.Done && (charged?.OutputTokens != seen.Tokens || seen.Tokens != seen.Asked)
            ? $"P2: {seen.RequestId} saw the end of {seen.Tokens} tokens and is charged {charged?.OutputTokens.ToString(System.Globalization.CultureInfo.InvariantCulture) ?? "nothing"}"
        // The charge was on disk and the end of the answer was not: the client has the tokens and misses the end, or a whole answer was lost with the process.
        : charged is { Outcome: "Torn" } && charged.OutputTokens > seen.Tokens ? $"P3: {seen.RequestId} received {seen.Tokens} tokens and is charged {charged.OutputTokens}"
        : null;
}
