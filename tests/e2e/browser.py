# SPDX-License-Identifier: LGPL-2.1-or-later
"""browser: a real Chromium without a window, inside the lab

It trusts the one certificate that the lab's CA has vouched for. A test file starts one and clears its cookies between
cases; every wait is bounded, and the end takes all its processes along. ITAX_SCREENSHOTS names a folder for pictures."""

import base64
import os
import shutil
import signal
import socket
import ssl
import subprocess
import tempfile

from selenium import webdriver
from selenium.webdriver.chrome.options import Options
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import WebDriverWait

SECONDS = 60
# What is written in the lab is gone with it: the folder outside is opened before there is one, and comes along.
if os.environ.get('ITAX_SCREENSHOTS') and 'ITAX_LAB' not in os.environ:
    os.makedirs(os.environ['ITAX_SCREENSHOTS'], exist_ok=True)
    os.environ['ITAX_SCREENSHOTS_FD'] = str(os.open(os.environ['ITAX_SCREENSHOTS'], os.O_RDONLY | os.O_DIRECTORY))
    os.set_inheritable(int(os.environ['ITAX_SCREENSHOTS_FD']), True)
SIZES = {'small': (320, 640), 'phone': (390, 844), 'desktop': (1280, 800)}


def key_of_server(host):
    """The pin of the certificate that @host shows over a connection verified with the lab's CA."""
    context = ssl.create_default_context(cafile=os.environ['ITAX_CA'])
    with socket.create_connection((host, 443), timeout=20) as plain, \
            context.wrap_socket(plain, server_hostname=host) as connection:
        certificate = connection.getpeercert(binary_form=True)
    pem = subprocess.run(['openssl', 'x509', '-inform', 'DER', '-noout', '-pubkey'], input=certificate,
                         capture_output=True, check=True).stdout
    der = subprocess.run(['openssl', 'pkey', '-pubin', '-outform', 'DER'], input=pem, capture_output=True, check=True).stdout
    digest = subprocess.run(['openssl', 'dgst', '-sha256', '-binary'], input=der, capture_output=True, check=True).stdout
    return base64.b64encode(digest).decode()


class Chromium:
    def __init__(self, language='zh-CN'):
        self.issuer = os.environ['ITAX_ISSUER'].rstrip('/')
        self.folder = tempfile.mkdtemp(prefix='itax-chromium-')
        options = Options()
        options.binary_location = '/usr/bin/chromium'
        for argument in ('--headless=new', '--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage', '--no-first-run',
                         '--disable-background-networking', '--disable-component-update', '--disable-sync',
                         '--disable-extensions', '--no-proxy-server', f'--user-data-dir={self.folder}', f'--lang={language}',
                         '--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE itax.lab, EXCLUDE localhost, EXCLUDE 127.0.0.1',
                         f'--ignore-certificate-errors-spki-list={key_of_server("itax.lab")}'):
            options.add_argument(argument)
        options.add_experimental_option('prefs', {'intl.accept_languages': language, 'credentials_enable_service': False})
        options.set_capability('goog:loggingPrefs', {'browser': 'ALL'})
        self.service = Service('/usr/bin/chromedriver', start_new_session=True)
        try:
            self.driver = webdriver.Chrome(service=self.service, options=options)
        except Exception:
            self.close()
            raise
        self.driver.set_page_load_timeout(SECONDS)
        self.driver.set_script_timeout(SECONDS)

    def close(self):
        """Also what the driver left: everything it started has the profile in its command line."""
        driver = getattr(self, 'driver', None)
        if driver:
            try:
                driver.quit()
            except Exception:  # pylint: disable=broad-except
                pass
        process = getattr(self.service, 'process', None)
        if process and process.poll() is None:
            process.kill()
            process.wait(10)
        for entry in filter(str.isdigit, os.listdir('/proc')):
            try:
                with open(f'/proc/{entry}/cmdline', 'rb') as file:
                    if f'--user-data-dir={self.folder}'.encode() in file.read():
                        os.kill(int(entry), signal.SIGKILL)
            except OSError:
                continue
        shutil.rmtree(self.folder, ignore_errors=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def fresh(self, size='desktop'):
        """No cookies, nothing remembered, nothing in the log, this size."""
        self.open('/')
        self.driver.execute_script('localStorage.clear()')
        self.driver.delete_all_cookies()
        self.driver.get_log('browser')
        self.size(size)

    def size(self, size):
        width, height = SIZES[size]
        self.driver.execute_cdp_cmd('Emulation.setDeviceMetricsOverride', {
            'width': width, 'height': height, 'deviceScaleFactor': 1, 'mobile': size != 'desktop'})

    def open(self, path):
        self.driver.get(self.issuer + path)

    def find(self, css):
        return self.driver.find_element(By.CSS_SELECTOR, css)

    def all(self, css):
        return self.driver.find_elements(By.CSS_SELECTOR, css)

    def js(self, code, *arguments):
        return self.driver.execute_script(code, *arguments)

    def wait(self, condition, what):
        return WebDriverWait(self.driver, SECONDS, poll_frequency=0.05).until(lambda _: condition(), f'not in time: {what}')

    @property
    def text(self):
        return self.find('body').text

    @property
    def path(self):
        return self.driver.current_url.removeprefix(self.issuer)

    def press(self, text):
        """The button with this text; returns when another page is there."""
        page = self.find('html')
        [button for button in self.all('button') if button.text == text][0].click()
        self.wait(lambda: self._is_gone(page), f'the page after {text}')

    @staticmethod
    def _is_gone(element):
        try:
            element.is_enabled()
        except Exception:  # pylint: disable=broad-except
            return True
        return False

    def log_in(self, account, password, path='/login'):
        self.open(path)
        self.find('#account').send_keys(account)
        self.find('#password').send_keys(password)
        page = self.find('html')
        self.find('form button:not([type=button])').click()
        self.wait(lambda: self._is_gone(page), 'the page after the password')

    def complaints(self):
        """What the console holds but the answers that are no page (a tested 404)."""
        return [line['message'] for line in self.driver.get_log('browser')
                if line['level'] == 'SEVERE' and 'Failed to load resource' not in line['message']]

    def picture(self, name):
        """The whole page, however long."""
        folder = os.environ.get('ITAX_SCREENSHOTS_FD')
        if folder:
            shot = self.driver.execute_cdp_cmd('Page.captureScreenshot', {'captureBeyondViewport': True})
            with open(f'{name}.png', 'wb', opener=lambda path, flags: os.open(path, flags, 0o644, dir_fd=int(folder))) as file:
                file.write(base64.b64decode(shot['data']))
