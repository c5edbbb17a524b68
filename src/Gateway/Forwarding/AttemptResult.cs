using Amalgam.Gateway.Errors;

namespace Amalgam.Gateway.Forwarding;

/// <summary>
/// What became of one attempt. Finished: the client has all it will get. Refused: nothing was sent yet and trying again is pointless.
/// Retry: nothing was sent yet and another replica may do better, if one is found within <paramref name="RetryPatience"/>.
/// </summary>
internal readonly record struct AttemptResult(ApiError? Error, bool MayRetry, TimeSpan RetryPatience)
{
    public static AttemptResult Finished => default;

    public static AttemptResult Refused(ApiError error) => new(error, false, TimeSpan.Zero);

    public static AttemptResult Retry(ApiError error, TimeSpan patience) => new(error, true, patience);
}
