using System.Net;
using System.Net.Http.Headers;

namespace Amalgam.Gateway.Requests;

/// <summary>
/// The client's body with its splices, written straight from the buffer it was read into. Does not own the buffer: the same request may be
/// sent again to another replica.
/// </summary>
internal sealed class UpstreamContent : HttpContent
{
    private static readonly MediaTypeHeaderValue Json = new("application/json");
    private readonly ReadOnlyMemory<byte> _body;
    private readonly SpliceList _splices;

    public UpstreamContent(ReadOnlyMemory<byte> body, in SpliceList splices)
    {
        _body = body;
        _splices = splices;
        Headers.ContentType = Json;
    }

    protected override bool TryComputeLength(out long length)
    {
        length = _splices.LengthOf(_body.Length);
        return true;
    }

    protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) => WriteAsync(stream, CancellationToken.None);

    protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context, CancellationToken cancellationToken) =>
        WriteAsync(stream, cancellationToken);

    private async Task WriteAsync(Stream stream, CancellationToken cancel)
    {
        var from = 0;
        for (var i = 0; i < _splices.Count; i++)
        {
            var splice = _splices[i];
            await stream.WriteAsync(_body[from..splice.Start], cancel);
            await stream.WriteAsync(splice.With, cancel);
            from = splice.Start + splice.Length;
        }
        await stream.WriteAsync(_body[from..], cancel);
    }
}
