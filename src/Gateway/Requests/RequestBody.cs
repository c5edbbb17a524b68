using System.Buffers;
using System.Globalization;
using Amalgam.Gateway.Errors;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace Amalgam.Gateway.Requests;

/// <summary>How many bytes of request bodies are in memory at once; shared by all requests.</summary>
internal sealed class BodyBudget(long limit)
{
    private long _held;

    public long Held => Interlocked.Read(ref _held);

    public bool TryTake(int bytes)
    {
        if (Interlocked.Add(ref _held, bytes) <= limit) return true;
        Interlocked.Add(ref _held, -bytes);
        return false;
    }

    public void Return(int bytes) => Interlocked.Add(ref _held, -bytes);
}

/// <summary>A whole request body in one pooled buffer. It must be whole before anything is sent: a retry sends it again.</summary>
internal sealed class RequestBody : IDisposable
{
    private const int FirstBuffer = 4096;
    private readonly BodyBudget _budget;
    private byte[] _buffer;
    private int _length;

    private RequestBody(BodyBudget budget, byte[] buffer)
    {
        _budget = budget;
        _buffer = buffer;
    }

    public ReadOnlyMemory<byte> Memory => _buffer.AsMemory(0, _length);

    /// <summary>Reads the body, or says why it may not be read. A declared length over the limit is refused with nothing read.</summary>
    public static async ValueTask<(RequestBody? Body, ApiError? Error)> ReadAsync(HttpContext http, BodyBudget budget, int limit)
    {
        var request = http.Request;
        if (Encoding(request) is { } encoding) return (null, Refusals.Compressed(encoding));
        if (request.ContentLength > limit) return (null, TooLarge(http, limit));
        if (http.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } size) size.MaxRequestBodySize = limit;

        var first = request.ContentLength is { } declared ? (int)Math.Min(declared + 1, 1 << 20) : FirstBuffer;
        var buffer = Rent(budget, Math.Max(first, 16));
        if (buffer is null) return (null, Refusals.BodiesFull);
        var body = new RequestBody(budget, buffer);
        var error = await body.FillAsync(http, limit);
        if (error is null) return (body, null);
        body.Dispose();
        return (null, error);
    }

    public void Dispose()
    {
        if (_buffer.Length == 0) return;
        _budget.Return(_buffer.Length);
        ArrayPool<byte>.Shared.Return(_buffer);
        _buffer = [];
    }

    private async ValueTask<ApiError?> FillAsync(HttpContext http, int limit)
    {
        try
        {
            while (true)
            {
                if (_length == _buffer.Length && !Grow(limit)) return Refusals.BodiesFull;
                var read = await http.Request.Body.ReadAsync(_buffer.AsMemory(_length), http.RequestAborted);
                if (read == 0) return _length == 0 ? Refusals.EmptyBody : null;
                _length += read;
                if (_length > limit) return TooLarge(http, limit);
            }
        }
        catch (BadHttpRequestException e)
        {
            return e.StatusCode == StatusCodes.Status413PayloadTooLarge ? TooLarge(http, limit) : Refusals.BodyCut;
        }
    }

    private bool Grow(int limit)
    {
        var larger = Rent(_budget, (int)Math.Min((long)_buffer.Length * 2, Math.Max(limit + 1L, _buffer.Length + 1L)));
        if (larger is null) return false;
        _buffer.AsSpan(0, _length).CopyTo(larger);
        _budget.Return(_buffer.Length);
        ArrayPool<byte>.Shared.Return(_buffer);
        _buffer = larger;
        return true;
    }

    private static byte[]? Rent(BodyBudget budget, int bytes)
    {
        var buffer = ArrayPool<byte>.Shared.Rent(bytes);
        if (budget.TryTake(buffer.Length)) return buffer;
        ArrayPool<byte>.Shared.Return(buffer);
        return null;
    }

    /// <summary>The rest of the body is not wanted: the connection ends with the answer instead of swallowing it.</summary>
    private static ApiError TooLarge(HttpContext http, int limit)
    {
        if (HttpProtocol.IsHttp11(http.Request.Protocol)) http.Response.Headers.Connection = "close";
        return Refusals.BodyTooLarge(limit);
    }

    private static string? Encoding(HttpRequest request)
    {
        var encoding = request.Headers.ContentEncoding;
        if (encoding.Count == 0) return null;
        var text = string.Join(',', encoding.ToArray());
        return string.Equals(text.Trim(), "identity", StringComparison.OrdinalIgnoreCase) || text.Trim().Length == 0
            ? null
            : text.ToLower(CultureInfo.InvariantCulture);
    }
}
