using System.IO.Compression;
using System.Security.Cryptography;
using Microsoft.AspNetCore.Http;

namespace Amalgam.Pages.Frame;

/// <summary>Style, script and icon: out of the assembly, packed once, named by their content so that a browser asks for each version once.</summary>
public sealed class AssetFile
{
    public static readonly AssetFile Style = new("console", "css", "text/css; charset=utf-8");
    public static readonly AssetFile Script = new("console", "js", "text/javascript; charset=utf-8");
    public static readonly AssetFile Icon = new("icon", "svg", "image/svg+xml");
    private readonly byte[] _plain;
    private readonly byte[] _packed;
    private readonly string _type;

    private AssetFile(string name, string extension, string type)
    {
        using var file = typeof(AssetFile).Assembly.GetManifestResourceStream($"assets/{name}.{extension}")!;
        using var copy = new MemoryStream();
        file.CopyTo(copy);
        (_plain, _type) = (copy.ToArray(), type);
        using var packed = new MemoryStream();
        using (var brotli = new BrotliStream(packed, CompressionLevel.SmallestSize, leaveOpen: true))
        {
            brotli.Write(_plain);
        }

        _packed = packed.ToArray();
        Path = $"/assets/{name}.{Convert.ToHexStringLower(SHA256.HashData(_plain))[..12]}.{extension}";
    }

    public string Path { get; }

    public async Task SendAsync(HttpContext context)
    {
        var brotli = context.Request.Headers.AcceptEncoding.ToString().Contains("br", StringComparison.Ordinal);
        context.Response.ContentType = _type;
        context.Response.Headers.CacheControl = "public, max-age=31536000, immutable";
        context.Response.Headers.Vary = "Accept-Encoding";
        if (brotli)
        {
            context.Response.Headers.ContentEncoding = "br";
        }

        var body = brotli ? _packed : _plain;
        context.Response.ContentLength = body.Length;
        await context.Response.Body.WriteAsync(body, context.RequestAborted);
    }
}
