namespace Amalgam.Gateway.Answers;

/// <summary>Tokens of one request, as far as known.</summary>
/// <param name="Estimated">Neither usage nor progress was reported: counted from what passed through.</param>
internal readonly record struct TokenCounts(long Input, long CachedInput, long Output, bool Estimated);

/// <summary>
/// Follows what an answer reports and what was delivered of it. Best source wins: the usage the replica reported (an explicit zero is a
/// report), else its running progress, else one token per delivered chunk with content, which is never above the truth.
/// </summary>
internal struct TokenMeter(long inputEstimate)
{
    private TokenCounts _usage;
    private TokenCounts _progress;
    private bool _hasUsage;
    private bool _hasProgress;
    private long _contentChunks;

    public readonly bool HasDelivered => _contentChunks > 0 || _hasProgress || _hasUsage;

    public void Observe(in AnswerScan scan)
    {
        if (scan.HasUsage)
        {
            _usage = scan.Usage;
            _hasUsage = true;
        }
        if (scan.HasProgress)
        {
            _progress = scan.Progress;
            _hasProgress = true;
        }
        if (scan.HasContent) _contentChunks++;
    }

    public readonly TokenCounts Totals()
    {
        if (_hasUsage) return _usage;
        if (_hasProgress) return _progress;
        return new TokenCounts(_contentChunks > 0 ? inputEstimate : 0, 0, _contentChunks, Estimated: true);
    }

    /// <summary>For an answer that came whole but without usage: its text measured like the request's.</summary>
    public readonly TokenCounts TotalsOfWhole(long contentBytes) =>
        _hasUsage || _hasProgress ? Totals() : new TokenCounts(inputEstimate, 0, contentBytes / 4, Estimated: true);
}
