using System.Buffers;
using Amalgam.Gateway.Errors;

namespace Amalgam.Gateway.Answers;

/// <summary>
/// How the answer of a replica looks to the client. One instance per attempt: it may keep what it has seen. Called in order: chunks,
/// then either the end or an error; or the body alone.
/// </summary>
internal interface IAnswerDialect
{
    void WriteChunk(IBufferWriter<byte> output, ReadOnlySpan<byte> data, in AnswerScan scan);

    /// <summary>All that comes after the charge is durable: the last events of the stream.</summary>
    void WriteEnd(IBufferWriter<byte> output, in Settled settled);

    /// <summary>The stream cannot go on. Nothing follows.</summary>
    void WriteError(IBufferWriter<byte> output, ApiError error);

    /// <summary>An answer that was not streamed.</summary>
    void WriteBody(IBufferWriter<byte> output, ReadOnlySpan<byte> body, in AnswerScan scan, in Settled settled);
}
