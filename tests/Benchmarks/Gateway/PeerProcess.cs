using System.Diagnostics;

namespace Amalgam.Benchmarks.Gateway;

/// <summary>A started process of the benchmark with its address and its processor time.</summary>
internal sealed class PeerProcess(string name, string address, Process process) : IDisposable
{
    public string Name => name;

    public string Address => address;

    /// <summary>Of the process and, for nginx, of its one worker.</summary>
    public TimeSpan ProcessorTime
    {
        get
        {
            process.Refresh();
            return process.TotalProcessorTime;
        }
    }

    public double ResidentMiB
    {
        get
        {
            process.Refresh();
            return process.WorkingSet64 / 1048576.0;
        }
    }

    public static async Task<PeerProcess> StartAsync(string name, params string[] arguments)
    {
        var start = new ProcessStartInfo(Environment.ProcessPath!, ["gateway-peer", .. arguments]) { RedirectStandardInput = true, RedirectStandardOutput = true };
        var process = Process.Start(start)!;
        var address = await process.StandardOutput.ReadLineAsync() ?? throw new InvalidOperationException($"The process '{name}' did not start.");
        return new PeerProcess(name, address, process);
    }

    /// <summary>Null when nginx is not installed. It runs as one process, in the foreground, with its files in <paramref name="folder"/>.</summary>
    public static async Task<PeerProcess?> StartNginxAsync(string folder, string upstream)
    {
        if (!File.Exists("/usr/sbin/nginx")) return null;
        using var free = new System.Net.Sockets.TcpListener(System.Net.IPAddress.Loopback, 0);
        free.Start();
        var port = ((System.Net.IPEndPoint)free.LocalEndpoint).Port;
        free.Stop();
        var target = new Uri(upstream).Authority;
        var config = Path.Combine(folder, "nginx.conf");
        await File.WriteAllTextAsync(config,
            $"daemon off; master_process off; pid {folder}/nginx.pid; error_log {folder}/error.log; events {{ worker_connections 1024; }} " +
            $"http {{ access_log off; client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/f; uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s; " +
            $"keepalive_requests 1000000; upstream up {{ server {target}; keepalive 64; keepalive_requests 1000000; }} " +
            $"server {{ listen 127.0.0.1:{port}; location / {{ proxy_pass http://up; proxy_http_version 1.1; proxy_set_header Connection \"\"; proxy_buffering off; }} }} }}");
        var process = Process.Start(new ProcessStartInfo("/usr/sbin/nginx", ["-c", config, "-p", folder]) { RedirectStandardInput = true, RedirectStandardError = true })!;
        await Task.Delay(500);
        return process.HasExited ? null : new PeerProcess("nginx", $"http://127.0.0.1:{port}", process);
    }

    public void Dispose()
    {
        if (!process.HasExited) process.Kill();
        process.Dispose();
    }
}
